package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Span;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.jobs.Keep;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill retention keep}. */
@Command(
        name = "keep",
        header = "Changes how long history stays, at least.",
        description = {
            "",
            "Without --kind: all of it, for --age. With --kind: more of that kind; what is left out is 0. A process that"
                    + " starts with a history of its own says it anew."
        })
final class KeepHistory implements Callable<Integer> {
    @Option(names = "--kind", paramLabel = "KIND", description = "Only this kind.")
    private @Nullable String kind;

    @Option(
            names = "--age",
            paramLabel = "TIME",
            converter = Span.class,
            description = "So long: 12h, 30d; 1h to 3653d for all, from 0s on for a kind.")
    private @Nullable Duration age;

    @Option(
            names = "--completed",
            paramLabel = "N",
            description = "With --kind: the last N completed jobs, 0 to 10000.")
    private @Nullable Integer completed;

    @Option(
            names = "--failed",
            paramLabel = "N",
            description = "With --kind: the last N discarded dead letters, 0 to 10000.")
    private @Nullable Integer failed;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        String only = kind;
        Duration span = age;
        if (only == null && (span == null || completed != null || failed != null)) {
            throw output.wrong("Give --age for all history, or --kind with any of --age, --completed and --failed.");
        }
        Keep keep = new Keep(
                completed == null ? 0 : completed, failed == null ? 0 : failed, span == null ? Duration.ZERO : span);
        try (Connected to = database.open(output)) {
            if (only == null) {
                to.mill().retention().keep(keep.age(), asker.by());
            } else {
                to.mill().retention().keep(only, keep, asker.by());
            }
            if (output.isJson()) {
                output.json(new JsonObject().withAny("kind", only).with("changed", true));
            } else {
                output.say(
                        only == null
                                ? "History stays for " + Plain.span(keep.age()) + " at least."
                                : "Of kind " + only + " at least the last " + keep.completed() + " completed and "
                                        + keep.failed() + " failed stay, and all for " + Plain.span(keep.age()) + ".");
            }
            return ExitCode.DONE;
        }
    }
}

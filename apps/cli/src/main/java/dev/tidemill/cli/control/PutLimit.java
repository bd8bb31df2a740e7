package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Span;
import dev.tidemill.jobs.Limit;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill limits put}. */
@Command(
        name = "put",
        header = "Sets how many jobs of a queue or a kind may run at a time, or start in a time, over all nodes.",
        description = {"", "In place of the limit on the same queue or kind. Holds for claims that begin after it."})
final class PutLimit implements Callable<Integer> {
    @Mixin
    private LimitTarget target = new LimitTarget();

    @Option(names = "--concurrency", paramLabel = "N", description = "So many at a time, 1 to 1000000.")
    private @Nullable Integer concurrency;

    @Option(names = "--rate", paramLabel = "N", description = "So many starts in --per, 1 to 1000000.")
    private @Nullable Integer rate;

    @Option(
            names = "--per",
            paramLabel = "TIME",
            converter = Span.class,
            description = "What the rate is for: 1s, 1m, 1h, 1d.")
    private @Nullable Duration per;

    @Option(names = "--burst", paramLabel = "N", description = "How many starts may be saved up. Default: the rate.")
    private @Nullable Integer burst;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (concurrency == null && rate == null) {
            throw output.wrong("Say what the limit is: --concurrency N, or --rate N --per TIME, or both.");
        }
        if ((rate == null) != (per == null) || (rate == null && burst != null)) {
            throw output.wrong("A rate is --rate N with --per TIME, and --burst N if you like.");
        }
        Limit about = target.limit();
        Limit limit = new Limit(
                about.scope(), about.name(), about.perKey(), concurrency, rate, per, burst == null ? rate : burst);
        try (Connected to = database.open(output)) {
            to.mill().limits().by(asker.by()).put(limit);
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("scope", limit.scope())
                        .with("name", limit.name())
                        .with("per_key", limit.perKey())
                        .with("changed", true));
            } else {
                output.say("The limit on " + target.said() + " holds.");
            }
            return ExitCode.DONE;
        }
    }
}

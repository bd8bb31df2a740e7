package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Span;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill breakers put}. */
@Command(
        name = "put",
        header = "Makes a breaker, or changes its settings.",
        description = {
            "",
            "What is left out is as of a breaker of which nothing is said. Whether it is open stays. A process that starts"
                    + " and says something new of the breaker changes it again."
        })
final class PutBreaker implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The breaker.")
    private String name = "";

    @Option(
            names = "--failures",
            paramLabel = "N",
            defaultValue = "5",
            description = "So many in a row open it, 1 to 10000. Default: ${DEFAULT-VALUE}.")
    private int failures;

    @Option(names = "--ratio", paramLabel = "SHARE", description = "Such a share of the calls opens it, up to 1.")
    private @Nullable Double ratio;

    @Option(
            names = "--at-least",
            paramLabel = "N",
            defaultValue = "20",
            description = "Calls that the ratio needs, 1 to 1000000. Default: ${DEFAULT-VALUE}.")
    private int atLeast;

    @Option(
            names = "--within",
            paramLabel = "TIME",
            converter = Span.class,
            defaultValue = "1m",
            description = "Over which time the ratio is taken, 1s to 1h. Default: ${DEFAULT-VALUE}.")
    private Duration within = Duration.ZERO;

    @Option(
            names = "--open-for",
            paramLabel = "TIME",
            converter = Span.class,
            defaultValue = "10s",
            description = "Until the first probe, PT0.1S to 1d. Default: ${DEFAULT-VALUE}.")
    private Duration openFor = Duration.ZERO;

    @Option(
            names = "--longest",
            paramLabel = "TIME",
            converter = Span.class,
            defaultValue = "5m",
            description = "The longest until a probe, --open-for to 7d. Default: ${DEFAULT-VALUE}.")
    private Duration longest = Duration.ZERO;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        Breaker breaker = new Breaker(name, failures, ratio, atLeast, within, openFor, longest);
        try (Connected to = database.open(output)) {
            to.mill().breakers().put(breaker, asker.by());
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("changed", true));
            } else {
                output.say("The settings of breaker " + name + " hold.");
            }
            return ExitCode.DONE;
        }
    }
}

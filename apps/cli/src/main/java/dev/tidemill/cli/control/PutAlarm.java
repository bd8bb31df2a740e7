package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Span;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill alarms put}. */
@Command(
        name = "put",
        header = "Says when a kind fails too often.",
        description = {
            "",
            "What is left out is as of kinds of which nothing is said. A process that starts and says something new of the"
                    + " kind's alarm changes it again."
        })
final class PutAlarm implements Callable<Integer> {
    @Parameters(paramLabel = "KIND", description = "The kind.")
    private String kind = "";

    @Option(
            names = "--ratio",
            paramLabel = "SHARE",
            defaultValue = "0.5",
            description = "Such a share of the attempts, up to 1. Default: ${DEFAULT-VALUE}.")
    private double ratio;

    @Option(
            names = "--at-least",
            paramLabel = "N",
            defaultValue = "20",
            description = "Of so many attempts at least, 1 to 1000000. Default: ${DEFAULT-VALUE}.")
    private int atLeast;

    @Option(
            names = "--within",
            paramLabel = "TIME",
            converter = Span.class,
            defaultValue = "10m",
            description = "In the last minutes, 1m to 1h. Default: ${DEFAULT-VALUE}.")
    private Duration within = Duration.ZERO;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        FailureAlarm alarm = new FailureAlarm(ratio, atLeast, within);
        try (Connected to = database.open(output)) {
            to.mill().alarms().put(kind, alarm, asker.by());
            if (output.isJson()) {
                output.json(new JsonObject().with("kind", kind).with("changed", true));
            } else {
                output.say("The alarm of kind " + kind + " holds.");
            }
            return ExitCode.DONE;
        }
    }
}

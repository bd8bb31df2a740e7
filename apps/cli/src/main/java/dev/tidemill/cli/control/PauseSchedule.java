package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.server.program.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill schedules pause}. */
@Command(name = "pause", header = "Stops a schedule from firing until it is resumed.")
final class PauseSchedule implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The schedule.")
    private String name = "";

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            to.mill().schedules().by(asker.by()).pause(name);
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("paused", true));
            } else {
                output.say("Schedule " + name + " is paused.");
            }
            return ExitCode.DONE;
        }
    }
}

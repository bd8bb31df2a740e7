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

/** {@code tidemill schedules resume}. */
@Command(
        name = "resume",
        header = "Lets a paused schedule go on with its next fire from now.",
        description = {"", "What fell into the pause is not caught up, but a one-off is: by its catch-up policy."})
final class ResumeSchedule implements Callable<Integer> {
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
            to.mill().schedules().by(asker.by()).resume(name);
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("paused", false));
            } else {
                output.say("Schedule " + name + " goes on.");
            }
            return ExitCode.DONE;
        }
    }
}

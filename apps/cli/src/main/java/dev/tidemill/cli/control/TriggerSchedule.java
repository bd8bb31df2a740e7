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

/** {@code tidemill schedules trigger}. */
@Command(
        name = "trigger",
        header = "Enqueues a schedule's job now, whatever its timing, its overlap policy or a pause says.")
final class TriggerSchedule implements Callable<Integer> {
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
            long id = to.mill().schedules().by(asker.by()).trigger(name);
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("id", id));
            } else {
                output.say("Job " + id + " is enqueued.");
            }
            return ExitCode.DONE;
        }
    }
}

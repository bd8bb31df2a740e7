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

/** {@code tidemill schedules remove}. */
@Command(
        name = "remove",
        header = "Removes a schedule and its history; its jobs stay.",
        description = {
            "",
            "One that an application defines in its code is back when that starts again: pause it instead."
        })
final class RemoveSchedule implements Callable<Integer> {
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
            boolean changed = to.mill().schedules().by(asker.by()).remove(name);
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("changed", changed));
            } else {
                output.say(changed ? "Schedule " + name + " is removed." : "There is no schedule '" + name + "'.");
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

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

/** {@code tidemill resume}. */
@Command(
        name = "resume",
        header = "Ends a pause.",
        description = {"", "Workers find what waited within a fifth of a second."})
final class ResumeCommand implements Callable<Integer> {
    @Mixin
    private PauseTarget target = new PauseTarget();

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            boolean changed = to.mill().pauses().resume(target.scope(), target.name(), asker.by());
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("scope", target.scope())
                        .with("name", target.name())
                        .with("changed", changed));
            } else {
                output.say(target.said() + (changed ? " goes on." : " was not paused."));
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

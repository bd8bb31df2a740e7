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
import picocli.CommandLine.Option;

/** {@code tidemill pause}. */
@Command(
        name = "pause",
        header = "Pauses a queue, a kind, a key or everything.",
        description = {"", "Holds for claims that begin after it, on every node; what runs goes on."})
final class PauseCommand implements Callable<Integer> {
    @Mixin
    private PauseTarget target = new PauseTarget();

    @Option(
            names = "--reason",
            paramLabel = "TEXT",
            defaultValue = "",
            description = "Why, for the audit trail and for whoever asks why a job waits.")
    private String reason = "";

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            boolean changed = to.mill().pauses().pause(target.scope(), target.name(), asker.by(), reason);
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("scope", target.scope())
                        .with("name", target.name())
                        .with("changed", changed));
            } else {
                output.say(target.said() + (changed ? " is paused." : " was paused before."));
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

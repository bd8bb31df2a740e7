package dev.tidemill.cli;

import dev.tidemill.jobs.HandMill;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill pause}. */
@Command(
        name = "pause",
        sortOptions = false,
        header = "Pauses a queue, a kind, a key or everything; no server has to be up.",
        description = {
            "",
            "Holds for claims that begin after it, on every node; what runs goes on. Exit codes: 0 done, 1 it was paused before, 2 it could not.",
            ""
        },
        optionListHeading = "Options:%n")
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
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (HandMill mill = database.open("pause")) {
            boolean changed = mill.tidemill().pauses().pause(target.scope(), target.name(), target.by(), reason);
            if (output.isJson()) {
                output.json(Map.of("scope", target.scope().name(), "name", target.name(), "changed", changed));
            } else {
                output.text().println(target.said() + (changed ? " is paused." : " was paused before."));
            }
            return changed ? 0 : 1;
        }
    }
}

package dev.tidemill.cli;

import dev.tidemill.jobs.HandMill;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill resume}. */
@Command(
        name = "resume",
        sortOptions = false,
        header = "Ends a pause; no server has to be up.",
        description = {
            "",
            "Workers find what waited within a fifth of a second. Exit codes: 0 done, 1 it was not paused, 2 it could not.",
            ""
        },
        optionListHeading = "Options:%n")
final class ResumeCommand implements Callable<Integer> {
    @Mixin
    private PauseTarget target = new PauseTarget();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (HandMill mill = database.open("resume")) {
            boolean changed = mill.tidemill().pauses().resume(target.scope(), target.name(), target.by());
            if (output.isJson()) {
                output.json(Map.of("scope", target.scope().name(), "name", target.name(), "changed", changed));
            } else {
                output.text().println(target.said() + (changed ? " goes on." : " was not paused."));
            }
            return changed ? 0 : 1;
        }
    }
}

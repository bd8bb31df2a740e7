package dev.tidemill.cli;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.Priority;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill prioritize}. */
@Command(
        name = "prioritize",
        sortOptions = false,
        header = "Gives waiting jobs another priority; no server has to be up.",
        description = {"", "Exit codes: 0 done, 1 some of those named do not wait, 2 it could not.", ""},
        optionListHeading = "Options:%n")
final class PrioritizeCommand implements Callable<Integer> {
    @Mixin
    private Selection jobs = new Selection();

    @Option(
            names = "--to",
            paramLabel = "PRIORITY",
            required = true,
            description = "CRITICAL, HIGH, MEDIUM, LOW or OFF_PEAK.")
    private String priority = "";

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        boolean filtered = jobs.isFilter(output);
        Priority to = Priority.parse(priority);
        try (HandMill mill = database.open("prioritize")) {
            return filtered
                    ? jobs.act(
                            mill.tidemill(),
                            new JobAction.Prioritize(to),
                            asker.by(),
                            output,
                            "prioritized",
                            "of that priority")
                    : Steering.steer(
                            jobs.ids(), id -> mill.tidemill().actions().prioritize(id, to, asker.by()), output);
        }
    }
}

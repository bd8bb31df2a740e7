package dev.tidemill.cli;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.JobAction;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill discard}. */
@Command(
        name = "discard",
        sortOptions = false,
        header = "Puts dead letters aside for good; no server has to be up.",
        description = {"", "Exit codes: 0 done, 1 some of the jobs named are no dead letters, 2 it could not.", ""},
        optionListHeading = "Options:%n")
final class DiscardCommand implements Callable<Integer> {
    @Mixin
    private Selection jobs = new Selection();

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        boolean filtered = jobs.isFilter(output);
        try (HandMill mill = database.open("discard")) {
            if (filtered) {
                return jobs.act(mill.tidemill(), new JobAction.Discard(), asker.by(), output, "discarded", "put aside");
            }
            List<Long> passed = jobs.ids().stream()
                    .filter(id -> !mill.tidemill().discard(id, asker.by()))
                    .toList();
            int done = jobs.ids().size() - passed.size();
            if (output.isJson()) {
                output.json(Map.of("discarded", done, "no_dead_letters", passed));
            } else {
                output.text().println((done == 1 ? "1 job is" : done + " jobs are") + " put aside.");
                if (!passed.isEmpty()) {
                    output.text().println("No dead letters, and left alone: " + passed);
                }
            }
            return passed.isEmpty() ? 0 : 1;
        }
    }
}

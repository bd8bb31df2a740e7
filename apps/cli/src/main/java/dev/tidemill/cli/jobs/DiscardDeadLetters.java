package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Selection;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill dead-letters discard}. */
@Command(name = "discard", header = "Puts dead letters aside for good.")
final class DiscardDeadLetters implements Callable<Integer> {
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
        if (jobs.isFilter(output)) {
            return jobs.act(database, new JobAction.Discard(), asker.by(), output, "discarded", "put aside");
        }
        try (Connected to = database.open(output)) {
            List<Long> done = jobs.ids().stream()
                    .filter(id -> to.mill().discard(id, asker.by()))
                    .toList();
            List<Long> passed =
                    jobs.ids().stream().filter(id -> !done.contains(id)).toList();
            if (output.isJson()) {
                output.json(new JsonObject().with("discarded", done).with("no_dead_letters", passed));
            } else {
                output.say((done.size() == 1 ? "1 job is" : done.size() + " jobs are") + " put aside.");
                if (!passed.isEmpty()) {
                    output.say("No dead letters, and left alone: " + passed);
                }
            }
            return passed.isEmpty() ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Selection;
import dev.tidemill.cli.options.Steering;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.Priority;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill jobs prioritize}. */
@Command(name = "prioritize", header = "Gives waiting jobs another priority.")
final class PrioritizeJobs implements Callable<Integer> {
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
        Priority to = Priority.parse(priority);
        if (jobs.isFilter(output)) {
            return jobs.act(
                    database, new JobAction.Prioritize(to), asker.by(), output, "prioritized", "of that priority");
        }
        try (Connected connected = database.open(output)) {
            return Steering.steer(jobs.ids(), id -> connected.mill().actions().prioritize(id, to, asker.by()), output);
        }
    }
}

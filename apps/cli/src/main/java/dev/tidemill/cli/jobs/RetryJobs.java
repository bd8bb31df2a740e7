package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Steering;
import dev.tidemill.jobs.Steered;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill jobs retry}. */
@Command(
        name = "retry",
        header = "Has jobs tried again now.",
        description = {
            "",
            "A dead letter is replayed, with fresh attempts; a job that waits for its time, or for its next attempt,"
                    + " becomes ready. 'dead-letters replay' takes filters too."
        })
final class RetryJobs implements Callable<Integer> {
    @Parameters(paramLabel = "ID", arity = "1..*", description = "The jobs.")
    private List<Long> ids = List.of();

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            return Steering.steer(
                    ids,
                    id -> to.mill().replay(List.of(id), asker.by()).isEmpty()
                            ? to.mill().actions().runNow(id, asker.by())
                            : Steered.DONE,
                    output);
        }
    }
}

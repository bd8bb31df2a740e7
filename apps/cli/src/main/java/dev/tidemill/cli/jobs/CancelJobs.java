package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Selection;
import dev.tidemill.cli.options.Steering;
import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.server.program.ExitCode;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill jobs cancel}. */
@Command(
        name = "cancel",
        header = "Cancels jobs, so that they do not start any more.",
        description = {
            "",
            "Jobs that are named are interrupted if they run. Of those that fit what is given, the waiting ones are"
                    + " cancelled."
        })
final class CancelJobs implements Callable<Integer> {
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
            return jobs.act(database, new JobAction.Cancel(), asker.by(), output, "cancelled", "cancelled");
        }
        try (Connected to = database.open(output)) {
            Map<Long, Cancellation> answers = new LinkedHashMap<>();
            jobs.ids().forEach(id -> answers.put(id, to.mill().cancel(id, asker.by())));
            if (output.isJson()) {
                output.json(Steering.outcomes(answers));
            } else {
                answers.forEach((id, answer) -> output.say("Job " + id + ": " + said(answer)));
            }
            return answers.values().stream().allMatch(CancelJobs::isDone) ? ExitCode.DONE : ExitCode.NO;
        }
    }

    private static boolean isDone(Cancellation answer) {
        return switch (answer) {
            case CANCELLED, WILL_NOT_START, INTERRUPTED -> true;
            case NOT_FOUND, SUCCEEDED, DEAD -> false;
        };
    }

    private static String said(Cancellation answer) {
        return switch (answer) {
            case CANCELLED -> "cancelled.";
            case WILL_NOT_START -> "will not start; the claim that finds it drops it.";
            case INTERRUPTED -> "runs, is being interrupted, and is not tried again.";
            case NOT_FOUND -> "there is none.";
            case SUCCEEDED -> "too late, it succeeded.";
            case DEAD -> "is a dead letter: discard it instead.";
        };
    }
}

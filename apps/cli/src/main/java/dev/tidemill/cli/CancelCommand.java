package dev.tidemill.cli;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.JobAction;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill cancel}. */
@Command(
        name = "cancel",
        sortOptions = false,
        header = "Cancels jobs, so that they do not start any more; no server has to be up.",
        description = {
            "",
            "Jobs that are named are interrupted if they run. Of those that fit what is given, the waiting ones are cancelled. "
                    + "Exit codes: 0 done, 1 some of those named could not be cancelled: not there, succeeded or dead "
                    + "letters; 2 it could not.",
            ""
        },
        optionListHeading = "Options:%n")
final class CancelCommand implements Callable<Integer> {
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
        try (HandMill mill = database.open("cancel")) {
            return filtered
                    ? jobs.act(mill.tidemill(), new JobAction.Cancel(), asker.by(), output, "cancelled", "cancelled")
                    : cancel(mill);
        }
    }

    private int cancel(HandMill mill) {
        Map<Long, Cancellation> answers = new LinkedHashMap<>();
        for (long id : jobs.ids()) {
            answers.put(id, mill.tidemill().cancel(id, asker.by()));
        }
        if (output.isJson()) {
            List<Map<String, Object>> lines = new ArrayList<>();
            answers.forEach((id, answer) -> lines.add(Map.of("id", id, "outcome", answer.name())));
            output.json(Map.of("jobs", lines));
        } else {
            answers.forEach((id, answer) -> output.text().println("Job " + id + ": " + said(answer)));
        }
        return answers.values().stream().allMatch(CancelCommand::isDone) ? 0 : 1;
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

package dev.tidemill.cli;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.HandMill;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill cancel}. */
@Command(
        name = "cancel",
        sortOptions = false,
        header = "Cancels jobs: they do not start any more, and are interrupted if they run; no server has to be up.",
        description = {
            "",
            "Exit codes: 0 done, 1 some of them could not be cancelled: not there, succeeded or dead letters; 2 it could "
                    + "not.",
            ""
        },
        optionListHeading = "Options:%n")
final class CancelCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", arity = "1..*", description = "The jobs.")
    private List<Long> ids = List.of();

    @Option(
            names = "--by",
            paramLabel = "NAME",
            defaultValue = "${sys:user.name}",
            description = "Who asks for it, for the audit trail. Default: ${DEFAULT-VALUE}.")
    private String by = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (HandMill mill = database.open("cancel")) {
            Map<Long, Cancellation> answers = new LinkedHashMap<>();
            for (long id : ids) {
                answers.put(id, mill.tidemill().cancel(id, by));
            }
            if (output.isJson()) {
                List<Map<String, Object>> jobs = new ArrayList<>();
                answers.forEach((id, answer) -> jobs.add(Map.of("id", id, "outcome", answer.name())));
                output.json(Map.of("jobs", jobs));
            } else {
                answers.forEach((id, answer) -> output.text().println("Job " + id + ": " + said(answer)));
            }
            return answers.values().stream().allMatch(CancelCommand::isDone) ? 0 : 1;
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

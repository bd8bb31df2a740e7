package dev.tidemill.cli;

import dev.tidemill.jobs.Steered;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/** Has named jobs wait otherwise, and tells what became of it. */
final class Steering {
    private Steering() {}

    /** Exit code 0 if all of them wait as asked, 1 if not. */
    static int steer(List<Long> ids, LongFunction<Steered> wish, Output output) {
        Map<Long, Steered> answers = new LinkedHashMap<>();
        ids.forEach(id -> answers.put(id, wish.apply(id)));
        if (output.isJson()) {
            List<Map<String, Object>> lines = new ArrayList<>();
            answers.forEach((id, answer) -> lines.add(Map.of("id", id, "outcome", answer.name())));
            output.json(Map.of("jobs", lines));
        } else {
            answers.forEach((id, answer) -> output.text().println("Job " + id + ": " + said(answer)));
        }
        return answers.values().stream().allMatch(answer -> answer == Steered.DONE || answer == Steered.UNCHANGED)
                ? 0
                : 1;
    }

    private static String said(Steered answer) {
        return switch (answer) {
            case DONE -> "done.";
            case UNCHANGED -> "it was so before.";
            case RUNNING -> "left alone, it runs.";
            case SUCCEEDED -> "too late, it succeeded.";
            case DEAD -> "is a dead letter: replay it instead.";
            case CANCELLED -> "left alone, it is cancelled.";
            case MOVING -> "left alone, it was just moving: try again.";
            case NOT_FOUND -> "there is none.";
        };
    }
}

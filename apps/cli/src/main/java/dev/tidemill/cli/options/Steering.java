package dev.tidemill.cli.options;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.jobs.Steered;
import dev.tidemill.server.program.ExitCode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongFunction;

/** Has named jobs wait otherwise, and tells what became of it. */
public final class Steering {
    private Steering() {}

    /** Exit code 0 if all of them wait as asked, 1 if not. */
    public static int steer(List<Long> ids, LongFunction<Steered> wish, Output output) {
        Map<Long, Steered> answers = new LinkedHashMap<>();
        ids.forEach(id -> answers.put(id, wish.apply(id)));
        if (output.isJson()) {
            output.json(outcomes(answers));
        } else {
            answers.forEach((id, answer) -> output.say("Job " + id + ": " + said(answer)));
        }
        return answers.values().stream().allMatch(answer -> answer == Steered.DONE || answer == Steered.UNCHANGED)
                ? ExitCode.DONE
                : ExitCode.NO;
    }

    /** What became of each, as JSON. */
    public static JsonObject outcomes(Map<Long, ? extends Enum<?>> answers) {
        List<JsonObject> lines = new ArrayList<>();
        answers.forEach(
                (id, answer) -> lines.add(new JsonObject().with("id", id).with("outcome", answer)));
        return new JsonObject().with("jobs", lines);
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

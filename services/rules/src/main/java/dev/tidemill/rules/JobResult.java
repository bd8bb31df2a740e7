package dev.tidemill.rules;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/** What sweeps and dry runs came to, as results of jobs, which are 64 KiB at most. */
final class JobResult {
    private static final int KEYS = 50;
    private static final int TABLES = 50;
    private static final int ERRORS = 10;
    private static final int CHARS = 100;

    private JobResult() {}

    static Map<String, Object> of(Rule.Sweep sweep) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("rows", sweep.rows());
        result.put("found", sweep.found());
        result.put("repaired", sweep.repaired());
        result.put("by_cause", new TreeMap<>(sweep.byCause()));
        result.put("took_ms", sweep.took().toMillis());
        return result;
    }

    static Map<String, Object> of(Rule.DryRun run) {
        Map<String, Object> result = new LinkedHashMap<>();
        result.put("rows", run.rows());
        result.put("complete", run.complete());
        result.put("would_change", run.wouldChange());
        result.put("writes", some(run.writes(), TABLES));
        result.put("failed", run.failed());
        result.put(
                "keys",
                run.keys().stream().limit(KEYS).map(JobResult::shortened).toList());
        result.put("errors", some(run.errors(), ERRORS));
        return result;
    }

    private static Map<String, Object> some(Map<String, ?> all, int most) {
        Map<String, Object> some = new TreeMap<>();
        all.entrySet().stream()
                .sorted(Map.Entry.comparingByKey())
                .limit(most)
                .forEach(one -> some.put(
                        shortened(one.getKey()),
                        one.getValue() instanceof String text ? shortened(text) : one.getValue()));
        return some;
    }

    private static String shortened(String text) {
        int end = Math.min(text.length(), CHARS);
        // Half of a character that takes two is none.
        return text.substring(
                0, end > 0 && end < text.length() && Character.isHighSurrogate(text.charAt(end - 1)) ? end - 1 : end);
    }
}

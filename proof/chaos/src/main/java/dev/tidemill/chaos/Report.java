package dev.tidemill.chaos;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The ledger of a run.
 *
 * @param jobs bodies that were committed
 * @param audit what broke a rule
 * @param done what was done to workers and database
 * @param attempts attempts by outcome
 * @param watched what there was of limits, cancels and blame
 * @param left where jobs were when calm ended before all were done; empty if nothing waited
 * @param refused enqueues that the database did not take, or did not say that it took
 * @param conditions under which it ran
 */
record Report(
        long jobs,
        Audit audit,
        Storm.Tally done,
        Map<String, Long> attempts,
        Map<String, Long> watched,
        Map<String, Long> left,
        long refused,
        Map<String, Object> conditions) {
    private static final int SAMPLES = 10;

    boolean isSound() {
        return audit.violations().isEmpty() && jobs > 0;
    }

    Map<String, Object> asMap() {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("jobs", jobs);
        all.putAll(audit.counts());
        all.put("kills", done.kills());
        all.put("freezes", done.freezes());
        all.put("freezes_inside", freezesByPlace());
        all.put("db_restarts", done.restarts());
        all.put("terminations", done.terminations());
        all.put("cuts", done.cuts());
        all.put("hangs", done.hangs());
        all.put("enqueues_failed", refused);
        all.put("attempts", attempts);
        all.put("watched", watched);
        if (!left.isEmpty()) {
            all.put("unfinished_where", left);
        }
        all.put("conditions", conditions);
        return all;
    }

    private Map<String, Long> freezesByPlace() {
        Map<String, Long> places = new LinkedHashMap<>();
        done.freezesByPlace().forEach((place, count) -> places.put(place.name().toLowerCase(Locale.ROOT), count));
        return places;
    }

    void print(PrintStream out) {
        out.println();
        asMap().forEach((key, value) -> {
            if (value instanceof Map<?, ?> map) {
                out.println(key);
                map.forEach((name, of) -> out.printf("  %-24s %s%n", name, of));
            } else {
                out.printf(
                        Locale.ROOT,
                        "%-26s %s%n",
                        key,
                        value instanceof Long n ? String.format(Locale.ROOT, "%,d", n) : value);
            }
        });
        out.println();
        audit.violations().forEach((rule, jobs) -> {
            List<Long> some = jobs.subList(0, Math.min(SAMPLES, jobs.size()));
            out.println("VIOLATED: " + rule + ", by jobs " + some + (some.size() < jobs.size() ? " and others" : ""));
        });
        if (isSound()) {
            out.println(
                    "Every job is accounted for, with exactly one committed outcome; every effect is there once; no limit was"
                            + " exceeded, no unique key was held twice, and nothing that was cancelled ran.");
        }
    }
}

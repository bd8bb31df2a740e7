package dev.tidemill.bench;

import static dev.tidemill.bench.HistoryBench.ratio;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A long run at a steady pace: a process that enqueues and one that works, for as long as asked. Told in windows of five
 * minutes, or of a sixth of the run where that is shorter: how long jobs waited, dead tuples, and the tables' sizes. Ten seconds before that warm up.
 */
final class SoakBench {
    private static final Duration LONGEST_WINDOW = Duration.ofMinutes(5);
    private static final int WINDOWS = 6;
    private static final int WARM_UP_SECONDS = 10;

    private final Rig rig;
    private final int perSecond;
    private final Duration length;
    private final Figures figures = new Figures();

    SoakBench(Rig rig, int perSecond, Duration length) {
        this.rig = rig;
        this.perSecond = perSecond;
        this.length = length;
    }

    Figures run() {
        Duration window =
                length.dividedBy(WINDOWS).compareTo(LONGEST_WINDOW) < 0 ? length.dividedBy(WINDOWS) : LONGEST_WINDOW;
        int windows = (int) (length.toMillis() / window.toMillis());
        int warmUp = perSecond * WARM_UP_SECONDS;
        int perWindow = (int) (perSecond * window.toMillis() / 1_000);
        List<Map<String, Object>> told = new ArrayList<>();
        List<Double> p99s = new ArrayList<>();
        rig.say(Rig.grouped(perSecond) + " jobs a second for " + length + ", told every " + window);
        try (Child worker =
                Child.start(rig.target().url(), List.of(), "soak", rig.schema(), Integer.toString(perWindow))) {
            worker.await("ready");
            try (Child sender = Child.start(
                    rig.target().url(),
                    List.of(),
                    "pace",
                    rig.schema(),
                    Integer.toString(perSecond),
                    Integer.toString(warmUp),
                    Integer.toString(perWindow * windows))) {
                for (int i = 0; i < windows; i++) {
                    String[] waits = worker.await("window").split(" ", -1);
                    Map<String, Object> row = tables();
                    double p99 = Double.parseDouble(waits[1]);
                    row.put("p50_ms", Double.parseDouble(waits[0]));
                    row.put("p99_ms", p99);
                    p99s.add(p99);
                    told.add(row);
                    rig.say(row.toString());
                }
                figures.put("enqueued_per_s", Double.parseDouble(sender.await("sent")), "" + perSecond);
                sender.say("end");
            }
            worker.say("end");
        }
        double first = p99s.getFirst();
        double last = p99s.getLast();
        figures.put("paced_p99_first_ms", first, "");
        figures.put("paced_p99_last_ms", last, "");
        figures.put("paced_ratio", ratio(last, first), "<= 1.5");
        figures.put("windows", told, "");
        rig.audit(warmUp + (long) perWindow * windows);
        figures.condition("paced_per_s", perSecond);
        figures.condition("for", length.toString());
        figures.condition("window", window.toString());
        rig.conclude(figures);
        return figures;
    }

    /** Dead tuples, and megabytes with indexes, of the tables that change; partitions together. */
    private Map<String, Object> tables() {
        Map<String, Object> row = new LinkedHashMap<>();
        for (String table : List.of("ready", "lease", "scheduled", "node", "tally")) {
            String of = "'" + rig.schema() + "." + table + "'::regclass";
            row.put(table + "_dead", rig.target().number("select pg_stat_get_dead_tuples(" + of + ")"));
            row.put(table + "_kb", rig.target().number("select pg_total_relation_size(" + of + ") / 1024"));
        }
        for (String table : List.of("job", "attempt")) {
            row.put(
                    table + "_mb",
                    rig.target()
                            .number("select sum(pg_total_relation_size(relid)) / 1048576 from pg_partition_tree('"
                                    + rig.schema() + "." + table + "') where isleaf"));
        }
        return row;
    }
}

package dev.tidemill.bench;

import java.time.Duration;

/** The figures of rules: what noticing costs, how soon an effect comes, and how long a correction takes. */
final class RulesBench {
    private final Rig rig;
    private final Effort effort;
    private final Figures figures = new Figures();

    /**
     * How much is done.
     *
     * @param rounds of writes of a sort, on each table, after one that does not count
     * @param round how long one takes
     * @param warmUp how long changes come before latencies count
     * @param length how long they come then; whole seconds, both
     * @param rows how many are corrected
     */
    record Effort(int rounds, Duration round, Duration warmUp, Duration length, int rows) {
        /** What figures that are told to others are taken with. */
        static Effort full(int rows) {
            return new Effort(5, Duration.ofSeconds(3), Duration.ofSeconds(5), Duration.ofSeconds(20), rows);
        }
    }

    RulesBench(Rig rig, Effort effort) {
        this.rig = rig;
        this.effort = effort;
    }

    /** Where the tables are that stand for an application's; the rules' own are in the rig's schema. */
    static String application(String schema) {
        return schema + "_app";
    }

    Figures run() throws Exception {
        Target target = rig.target();
        String application = application(rig.schema());
        target.execute("create schema " + application);
        try {
            new CaptureCost(rig, figures, effort).run();
            new EffectLatency(rig, figures, effort).run();
            new Correction(rig, figures, effort.rows()).run();
        } finally {
            target.execute("drop schema " + application + " cascade");
        }
        Conditions.of(target).forEach(figures::condition);
        figures.condition("worker_jvm_flags", String.join(" ", Child.JVM_FLAGS));
        return figures;
    }
}

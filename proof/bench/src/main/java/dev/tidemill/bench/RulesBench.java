package dev.tidemill.bench;

/** The figures of rules: what noticing costs, how soon an effect comes, and how long a correction takes. */
final class RulesBench {
    private final Rig rig;
    private final int rows;
    private final Figures figures = new Figures();

    RulesBench(Rig rig, int rows) {
        this.rig = rig;
        this.rows = rows;
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
            new CaptureCost(rig, figures).run();
            new EffectLatency(rig, figures).run();
            new Correction(rig, figures, rows).run();
        } finally {
            target.execute("drop schema " + application + " cascade");
        }
        Conditions.of(target).forEach(figures::condition);
        figures.condition("worker_jvm_flags", String.join(" ", Child.JVM_FLAGS));
        return figures;
    }
}

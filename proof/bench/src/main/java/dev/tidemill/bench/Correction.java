package dev.tidemill.bench;

import java.time.Duration;

/**
 * Many rows that are spelled wrongly are put right: by the rule's backfill, page after page while everybody works on, and
 * beside it by one statement that has them all locked meanwhile. Then the same rows are written by one statement, and the
 * rule follows.
 */
final class Correction {
    private static final Duration LONGEST = Duration.ofMinutes(20);

    private final Rig rig;
    private final Figures figures;
    private final int rows;
    private final String application;

    Correction(Rig rig, Figures figures, int rows) {
        this.rig = rig;
        this.figures = figures;
        this.rows = rows;
        this.application = RulesBench.application(rig.schema());
    }

    void run() throws InterruptedException {
        make("spelled");
        make("by_one_update");
        rig.say("correcting " + Rig.grouped(rows) + " rows by one statement");
        double statement = seconds(() -> update("by_one_update", "canceled"));
        try (Child worker = RulesWorker.start(rig, "correct")) {
            rig.say("correcting " + Rig.grouped(rows) + " rows by the rule's backfill");
            long start = System.nanoTime();
            worker.say("backfill");
            worker.await("begun");
            awaitCorrected(start);
            figures.put("correction_s", since(start), Rig.grouped(rows) + " rows by backfill");
            figures.put("correction_one_update_s", statement, "the same without rules, one statement");
            rig.say("writing all of them by one statement");
            double plain = seconds(() -> update("by_one_update", "cancelled"));
            long written = System.nanoTime();
            double noticed = seconds(() -> update("spelled", "cancelled"));
            awaitCorrected(written);
            figures.put("storm_write_s", noticed, "one statement on all rows, noticed");
            figures.put("storm_write_plain_s", plain, "the same without a trigger");
            figures.put("storm_settled_s", since(written), "from its start until the rule had followed");
            worker.say("end");
        }
    }

    private void make(String table) {
        rig.target()
                .execute("create table " + application + "." + table
                        + " (id bigint primary key, status text not null) with (fillfactor = 80)");
        rig.target()
                .execute("insert into " + application + "." + table + " select n, 'cancelled' from generate_series(1, "
                        + rows + ") n");
        rig.target().execute("vacuum analyze " + application + "." + table);
    }

    private void update(String table, String status) {
        rig.target().execute("update " + application + "." + table + " set status = '" + status + "'");
    }

    private static double seconds(Runnable work) {
        long start = System.nanoTime();
        work.run();
        return since(start);
    }

    private static double since(long start) {
        return Math.round((System.nanoTime() - start) / 1e7) / 100.0;
    }

    /** The last row is looked at first: to look at all of them each time would be in the way. */
    private void awaitCorrected(long start) throws InterruptedException {
        String table = application + ".spelled where status <> 'canceled'";
        while (rig.target().number("select count(*) from " + table + " and id = " + rows) > 0
                || rig.target().number("select exists (select from " + table + ")::int") > 0) {
            if (System.nanoTime() - start > LONGEST.toNanos()) {
                throw new IllegalStateException("The rows were not corrected within " + LONGEST + ".");
            }
            Thread.sleep(200);
        }
    }
}

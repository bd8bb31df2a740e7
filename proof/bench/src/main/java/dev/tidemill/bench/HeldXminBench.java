package dev.tidemill.bench;

import static dev.tidemill.bench.HistoryBench.ratio;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Objects;

/**
 * What an old snapshot costs: a transaction that began before ten million jobs came and went keeps vacuum from removing
 * what they left at the head of {@code ready}, where every look from the beginning walks over it. Throughput and pick-up
 * beside the same without, in one run; the engine runs as shipped. The dead entries are made by SQL, inserted and deleted
 * after the snapshot, in the lane that is measured: they lie there as those of enqueues and claims would.
 */
final class HeldXminBench {
    private static final int PACED = 400;
    private static final int AT_ONCE = 500_000;
    private static final int LOOKS = 5;
    /** A drain about as long as the time between two looks, so that they weigh what they weigh in the long run. */
    private static final int TIMES = 4;

    private final Rig rig;
    private final int jobs;
    private final int dead;
    private final Figures figures = new Figures();

    HeldXminBench(Rig rig, int jobs, int dead) {
        this.rig = rig;
        this.jobs = jobs * TIMES;
        this.dead = dead;
    }

    Figures run() {
        double first = measure("free_");
        rig.freshSchema();
        double held = hold();
        rig.freshSchema();
        double second = measure("free_again_");
        figures.put("held_xmin_ratio", ratio(held, (first + second) / 2), ">= 0.9");
        figures.condition("jobs", jobs);
        figures.condition("dead_entries_made", "by SQL, after the snapshot");
        rig.conclude(figures);
        return figures;
    }

    private double measure(String prefix) {
        rig.bulk(jobs);
        double perSecond = rig.drain(jobs).perSecond();
        figures.put(prefix + "drain_per_s", perSecond, "");
        rig.say("picking up when idle");
        figures.put(prefix + "pickup_ms", rig.pickup(PACED).percentiles(), "");
        rig.audit(jobs + PACED + Worker.WARM_UP);
        return perSecond;
    }

    private double hold() {
        rig.mill().close();
        try (Connection old = rig.target().dataSource().getConnection()) {
            old.setAutoCommit(false);
            old.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            ask(old, "select count(*) from " + rig.schema() + ".kind");
            litter();
            // What is measured is the entries, not the writing of their pages.
            rig.target().execute("checkpoint");
            figures.put("look_before_ms", look(), "");
            double perSecond = measure("held_");
            figures.put("look_ms", look(), "at most a fiftieth of the time, or once a minute");
            figures.put(
                    "dead_entries",
                    ask(old, "select pg_stat_get_dead_tuples('" + rig.schema() + ".ready'::regclass)"),
                    ">= " + dead);
            old.rollback();
            return perSecond;
        } catch (SQLException failed) {
            throw new IllegalStateException("Holding a snapshot failed.", failed);
        }
    }

    /** Jobs that came and went: at the head of the lane, because their deadlines have long passed. */
    private void litter() {
        rig.say("letting " + Rig.grouped(dead) + " entries come and go");
        Target target = rig.target();
        String s = rig.schema() + ".";
        target.execute("insert into " + s + "kind (name) values ('Order') on conflict do nothing");
        target.execute("insert into " + s + "queue (name) values ('default') on conflict do nothing");
        for (int from = 0; from < dead; from += AT_ONCE) {
            target.execute("insert into " + s + "ready (start_by, job, kind, queue, priority, attempt, failures)"
                    + " select 1000000 + g, g, k.id, q.id, 2, 1, 0 from generate_series(" + from + ", "
                    + (Math.min(dead, from + AT_ONCE) - 1) + ") g cross join " + s + "kind k cross join " + s
                    + "queue q");
            target.execute("delete from " + s + "ready");
        }
    }

    /** The walk that a look from the beginning makes in a lane, in milliseconds: the median of a few. */
    private double look() {
        Micros took = new Micros();
        String s = rig.schema() + ".";
        try (Connection connection = rig.target().dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("set enable_seqscan = off; set enable_bitmapscan = off; set enable_sort = off");
            for (int i = 0; i < LOOKS; i++) {
                long start = System.nanoTime();
                ask(
                        connection,
                        "select coalesce((select r.start_by from " + s + "ready r, " + s + "queue q"
                                + " where q.name = 'default' and r.queue = q.id and r.priority = 2 and (r.start_by, r.job) > (0, 0)"
                                + " order by r.start_by, r.job limit 1), 0)");
                took.add((System.nanoTime() - start) / 1_000);
            }
            statement.execute("reset all");
            return Objects.requireNonNull(took.percentiles().get("p50"));
        } catch (SQLException failed) {
            throw new IllegalStateException("Looking from the beginning failed.", failed);
        }
    }

    private static long ask(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            return rows.getLong(1);
        }
    }
}

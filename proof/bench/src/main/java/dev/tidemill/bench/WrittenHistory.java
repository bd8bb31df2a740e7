package dev.tidemill.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * Jobs that are through, written by SQL straight into the tables, as they would lie there: bodies in the order of their
 * ids, a hundred attempts a lease. Enqueueing and finishing them would take minutes and leave the same rows. The last of
 * them may be dead letters.
 */
final class WrittenHistory {
    /** The id of the first one. */
    static final int FIRST_ID = 1_000;

    private static final int AT_ONCE = 500_000;
    private static final int JOBS_A_LEASE = 100;
    /** What a handler throws: a message of its own, and a stack of forty lines. */
    private static final String ERROR =
            "'java.net.ConnectException: Connection refused by 10.0.' || g %% 7 || '.' || g %% 250"
                    + " || (select string_agg(E'\\n\\tat shop.Step' || f || '.call(Step' || f || '.java:' || f * 7 || ')', '')"
                    + " from generate_series(1, 40) f)";

    private final Rig rig;
    private final int succeeded;
    private final int dead;

    /** Nothing yet. */
    WrittenHistory(Rig rig, int succeeded, int dead) {
        this.rig = rig;
        this.succeeded = succeeded;
        this.dead = dead;
    }

    /** The leases up to this one are history's. */
    long leases() {
        return (succeeded + dead) / JOBS_A_LEASE + 1L;
    }

    /** The id of the first dead letter. */
    long firstDead() {
        return FIRST_ID + (long) succeeded;
    }

    /** Writes it into the rig's schema, which has no job yet. */
    void write() {
        rig.say("writing " + Rig.grouped(succeeded + dead) + " finished jobs");
        rig.mill().close();
        Target target = rig.target();
        String s = rig.schema() + ".";
        target.execute("insert into " + s + "kind (name) values ('Order') on conflict do nothing");
        target.execute("insert into " + s + "queue (name) values ('default') on conflict do nothing");
        target.execute("insert into " + s + "node (name, host, pid, kinds, queues, started, heartbeat, ended)"
                + " values ('history', 'bench', 1, '{Order}', '{default}', 1, 1, 1)");
        // Ids of what is enqueued later lie behind.
        target.execute("select setval('" + s + "job_block', " + ((succeeded + dead) / 1_000 + 2) + "), setval('" + s
                + "lease_id', " + leases() + ")");
        target.execute("select " + s + "make_partitions()");
        String bodies = "insert into " + s + "job (id, created, kind, queue, priority, payload)"
                + " select " + FIRST_ID + " + g, " + s + "now_micros() - 1000000, k.id, q.id, 2,"
                + " rpad('{\"orderId\":' || g || ',\"note\":\"', 198, 'n') || '\"}'"
                + " from generate_series(%d, %d) g cross join " + s + "kind k cross join " + s + "queue q";
        String attempts = "insert into " + s
                + "attempt (lease, job, started, took, late, epoch, attempt, outcome, error)"
                + " select 1 + g / " + JOBS_A_LEASE + ", " + FIRST_ID + " + g, " + s
                + "now_micros() - 1000000, 500, -1000, n.epoch, 1, case when g < " + succeeded + " then 0 else 1 end,"
                + " case when g >= " + succeeded + " then " + ERROR + " end"
                + " from generate_series(%d, %d) g cross join " + s + "node n where n.name = 'history'";
        together(List.of(() -> write(bodies, 0), () -> write(attempts, 0)));
        if (dead > 0) {
            write(
                    "insert into " + s + "dead_letter (job, failed, kind, queue, priority, attempt, code, error)"
                            + " select " + FIRST_ID + " + g, " + s + "now_micros() - 1000000 + g, k.id, q.id, 2, 1,"
                            + " 'HANDLER_FAILED', " + ERROR
                            + " from generate_series(%d, %d) g cross join " + s + "kind k cross join " + s + "queue q",
                    succeeded);
            write(
                    "insert into " + s + "tag (name, value, job) select 'customer', (g %% 5000)::text, " + FIRST_ID
                            + " + g from generate_series(%d, %d) g",
                    succeeded);
        }
        rig.say("vacuuming what was written");
        together(List.of(
                () -> target.execute("vacuum (analyze) " + s + "job"),
                () -> target.execute("vacuum (analyze) " + s + "attempt")));
        target.execute("vacuum (analyze) " + s + "dead_letter");
        target.execute("vacuum (analyze) " + s + "tag");
        target.execute("checkpoint");
    }

    private void write(String sql, int begin) {
        for (int from = begin; from < succeeded + dead; from += AT_ONCE) {
            int to = Math.min(succeeded + dead, from + AT_ONCE) - 1;
            try (Connection connection = rig.target().dataSource().getConnection();
                    Statement statement = connection.createStatement()) {
                statement.execute("set synchronous_commit = off");
                statement.execute(sql.formatted(from, to));
                statement.execute("reset synchronous_commit");
            } catch (SQLException failed) {
                throw new IllegalStateException("Writing the history failed.", failed);
            }
        }
    }

    private static void together(List<Runnable> parts) {
        List<Future<?>> under = new ArrayList<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(parts.size())) {
            parts.forEach(part -> under.add(threads.submit(part)));
            for (Future<?> part : under) {
                part.get();
            }
        } catch (InterruptedException | ExecutionException failed) {
            throw new IllegalStateException("Preparing the history failed.", failed);
        }
    }
}

package dev.tidemill.postgres;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Outcome.Next;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Turns outcomes into the arrays that the finish functions take. */
final class FinishStatements {
    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;

    FinishStatements(Statements statements, NameIds kinds, NameIds queues) {
        this.statements = statements;
        this.kinds = kinds;
        this.queues = queues;
    }

    void successes(
            Connection connection,
            long epoch,
            int slot,
            List<Outcome> outcomes,
            Collection<Long> endedLeases,
            List<ClaimedJob> freed)
            throws SQLException {
        Times times = new Times(outcomes);
        try (PreparedStatement statement = connection.prepareStatement(statements.get("finish"))) {
            Parameters.set(
                    statement,
                    epoch,
                    slot,
                    times.lease,
                    times.job,
                    times.attempt,
                    times.started,
                    times.took,
                    times.late,
                    endedLeases.stream().mapToLong(Long::longValue).toArray(),
                    freed.stream().mapToLong(ClaimedJob::lease).toArray(),
                    freed.stream().mapToLong(ClaimedJob::id).toArray());
            statement.execute();
        }
    }

    List<Hint> failures(Connection connection, long epoch, int slot, List<Outcome> outcomes) throws SQLException {
        int count = outcomes.size();
        Times times = new Times(outcomes);
        short[] failures = new short[count];
        short[] outcome = new short[count];
        @Nullable String[] error = new @Nullable String[count];
        short[] next = new short[count];
        long[] delay = new long[count];
        long[] within = new long[count];
        String[] code = new String[count];
        int[] kind = new int[count];
        int[] queue = new int[count];
        short[] priority = new short[count];
        for (int i = 0; i < count; i++) {
            Outcome one = outcomes.get(i);
            ClaimedJob job = one.job();
            failures[i] = (short) job.failures();
            outcome[i] = (short) one.outcome().code();
            error[i] = one.error();
            code[i] = "";
            switch (one.next()) {
                case Next.Nothing nothing -> next[i] = 0;
                case Next.Again again -> {
                    next[i] = 1;
                    delay[i] = again.delayMicros();
                    within[i] = again.startWithinMicros();
                    failures[i] += again.counted() ? (short) 1 : (short) 0;
                }
                case Next.DeadLetter dead -> {
                    next[i] = 2;
                    code[i] = dead.code();
                }
            }
            kind[i] = kinds.id(job.kind());
            queue[i] = queues.id(job.queue());
            priority[i] = (short) job.priority().code();
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("finish_failures"))) {
            Parameters.set(
                    statement,
                    epoch,
                    slot,
                    times.lease,
                    times.job,
                    times.attempt,
                    failures,
                    times.started,
                    times.took,
                    times.late,
                    outcome,
                    error,
                    next,
                    delay,
                    within,
                    code,
                    kind,
                    queue,
                    priority);
            List<Hint> hints = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    hints.add(new Hint(
                            queues.name(rows.getInt(1)),
                            Priority.ofCode(rows.getInt(2)),
                            rows.getLong(3),
                            rows.getLong(4)));
                }
            }
            return hints;
        }
    }

    /** The columns that every attempt has. */
    private static final class Times {
        private final long[] lease;
        private final long[] job;
        private final short[] attempt;
        private final long[] started;
        private final long[] took;
        private final long[] late;

        Times(List<Outcome> outcomes) {
            int count = outcomes.size();
            lease = new long[count];
            job = new long[count];
            attempt = new short[count];
            started = new long[count];
            took = new long[count];
            late = new long[count];
            for (int i = 0; i < count; i++) {
                Outcome outcome = outcomes.get(i);
                lease[i] = outcome.job().lease();
                job[i] = outcome.job().id();
                attempt[i] = (short) outcome.job().attempt();
                started[i] = outcome.startedMicros();
                took[i] = outcome.tookMicros();
                late[i] = outcome.startedMicros() - outcome.job().startByMicros();
            }
        }
    }
}

package dev.tidemill.postgres;

import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.postgres.Claimer.ControlChangedException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Takes jobs in that the enqueueing process runs at once: a body each, and one lease over all of them. Thread safe. */
final class LeasedIntake {
    private final Session session;
    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;
    private final JobIds ids;

    LeasedIntake(Session session, Statements statements, NameIds kinds, NameIds queues, JobIds ids) {
        this.session = session;
        this.statements = statements;
        this.kinds = kinds;
        this.queues = queues;
        this.ids = ids;
    }

    /** One statement, and so one transaction. Empty if the rules are no longer of that version. */
    List<ClaimedJob> add(long epoch, int slot, long version, List<NewJob> jobs) {
        try {
            return session.call(connection -> {
                List<ClaimedJob> added = insert(connection, epoch, slot, version, jobs);
                while (added.isEmpty()) {
                    // The ids had become void, and nothing was done.
                    ids.forget();
                    added = insert(connection, epoch, slot, version, jobs);
                }
                return added;
            });
        } catch (ControlChangedException changed) {
            return List.of();
        }
    }

    private List<ClaimedJob> insert(Connection connection, long epoch, int slot, long version, List<NewJob> jobs)
            throws SQLException {
        int count = jobs.size();
        long[] numbers = ids.take(count).stream().mapToLong(Long::longValue).toArray();
        int[] kind = new int[count];
        int[] queue = new int[count];
        short[] priority = new short[count];
        String[] payload = new String[count];
        @Nullable String[] meta = new @Nullable String[count];
        long[] within = new long[count];
        long smallest = Long.MAX_VALUE;
        for (int i = 0; i < count; i++) {
            NewJob job = jobs.get(i);
            kind[i] = kinds.id(job.kind());
            queue[i] = queues.id(job.queue());
            priority[i] = (short) job.priority().code();
            payload[i] = job.payload();
            meta[i] = job.meta();
            within[i] = job.startWithinMicros();
            smallest = Math.min(smallest, numbers[i]);
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("add_leased"))) {
            Parameters.set(
                    statement, epoch, slot, version, numbers, kind, queue, priority, payload, meta, within, smallest);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? claimed(jobs, numbers, rows.getLong(1), rows.getLong(2)) : List.of();
            }
        }
    }

    private static List<ClaimedJob> claimed(List<NewJob> jobs, long[] numbers, long now, long lease) {
        List<ClaimedJob> claimed = new ArrayList<>(jobs.size());
        for (int i = 0; i < numbers.length; i++) {
            NewJob job = jobs.get(i);
            claimed.add(new ClaimedJob(
                    lease,
                    numbers[i],
                    1,
                    0,
                    job.kind(),
                    job.queue(),
                    job.priority(),
                    now + job.startWithinMicros(),
                    job.payload(),
                    job.meta(),
                    false));
        }
        return claimed;
    }
}

package dev.tidemill.postgres;

import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Unique;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** Takes in the unique jobs of a call, sorted by their keys, which keeps two calls from waiting for each other. */
final class UniqueIntake {
    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;

    UniqueIntake(Statements statements, NameIds kinds, NameIds queues) {
        this.statements = statements;
        this.kinds = kinds;
        this.queues = queues;
    }

    /** A job, where it stands in its call, and the id it gets if it is the one. */
    record Entry(int place, NewJob job, long id) {
        Unique unique() {
            Unique unique = job.unique();
            if (unique == null) {
                throw new IllegalArgumentException("this job is not unique");
            }
            return unique;
        }
    }

    /** Which job there is now for one of a call. */
    record Taken(int place, Enqueued enqueued, @Nullable Hint hint) {}

    /** Empty if the ids have become void; then nothing was done. */
    Optional<List<Taken>> add(Connection connection, List<Entry> given) throws SQLException {
        List<Entry> entries = given.stream()
                .sorted(Comparator.<Entry>comparingInt(entry -> kinds.id(entry.job.kind()))
                        .thenComparing(entry -> entry.unique().key())
                        .thenComparingInt(Entry::place))
                .toList();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("add_unique"))) {
            fill(statement, entries);
            try (ResultSet rows = statement.executeQuery()) {
                List<Taken> taken = new ArrayList<>(entries.size());
                while (rows.next()) {
                    taken.add(taken(entries.get(taken.size()), rows));
                }
                return taken.isEmpty() ? Optional.empty() : Optional.of(taken);
            }
        } catch (SQLException failed) {
            if (SqlErrors.LOCK_TIMEOUT.equals(failed.getSQLState())) {
                throw new StoreException(
                        ErrorCode.KEY_BUSY,
                        "The key of a unique job is in a transaction that is still open after 30 seconds. Nothing was"
                                + " enqueued; try again, and look for the transaction that does not end.",
                        false,
                        failed);
            }
            throw failed;
        }
    }

    private Taken taken(Entry entry, ResultSet rows) throws SQLException {
        Enqueued enqueued = new Enqueued(rows.getLong(1), Enqueued.How.ofCode(rows.getInt(2)));
        int queue = rows.getInt(3);
        Hint hint = rows.wasNull()
                ? null
                : new Hint(queues.name(queue), Priority.ofCode(rows.getInt(4)), rows.getLong(5), rows.getLong(6));
        return new Taken(entry.place, enqueued, hint);
    }

    private void fill(PreparedStatement statement, List<Entry> entries) throws SQLException {
        int count = entries.size();
        long[] ids = new long[count];
        int[] kind = new int[count];
        int[] queue = new int[count];
        short[] priority = new short[count];
        String[] payload = new String[count];
        @Nullable String[] meta = new @Nullable String[count];
        long[] within = new long[count];
        @Nullable String[] key = new @Nullable String[count];
        long[] delay = new long[count];
        long[] at = new long[count];
        String[] unique = new String[count];
        short[] mode = new short[count];
        long[] window = new long[count];
        long[] most = new long[count];
        boolean[] atStart = new boolean[count];
        long first = Long.MAX_VALUE;
        for (int i = 0; i < count; i++) {
            NewJob job = entries.get(i).job;
            Unique wish = entries.get(i).unique();
            ids[i] = entries.get(i).id;
            first = Math.min(first, ids[i]);
            kind[i] = kinds.id(job.kind());
            queue[i] = queues.id(job.queue());
            priority[i] = (short) job.priority().code();
            payload[i] = job.payload();
            meta[i] = job.meta();
            within[i] = job.startWithinMicros();
            key[i] = job.key();
            delay[i] = job.delayMicros();
            at[i] = job.atMicros();
            unique[i] = wish.key();
            mode[i] = (short) wish.mode().code();
            window[i] = micros(wish.window());
            most[i] = micros(wish.maxWait());
            atStart[i] = wish.atStart();
        }
        Parameters.set(
                statement, ids, kind, queue, priority, payload, meta, within, key, delay, at, unique, mode, window,
                most, atStart, first);
    }

    private static long micros(@Nullable Duration duration) {
        return duration == null ? 0 : TimeUnit.NANOSECONDS.toMicros(duration.toNanos());
    }
}

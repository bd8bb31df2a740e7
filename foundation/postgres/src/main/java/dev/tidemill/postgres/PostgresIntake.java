package dev.tidemill.postgres;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Intake;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.postgres.UniqueIntake.Taken;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.IntUnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Takes jobs in: a body each, and a row in ready or scheduled. Up to 500 go in one statement over arrays, which is
 * one round trip; more go by COPY, which is faster from there on. All or none: in a transaction of its own, or in the
 * caller's.
 */
final class PostgresIntake implements Intake {
    static final int COPY_FROM = 500;
    /** Jobs with keys do not go by COPY: in a fair queue their turns are found in the statement. */
    private static final int KEYED_AT_ONCE = 5_000;

    private static final long PAST_TOLERANCE_MICROS = TimeUnit.MINUTES.toMicros(1);
    private static final long FUTURE_MICROS = TimeUnit.SECONDS.toMicros(EnqueueOptions.MAX_DELAY.toSeconds());

    private final Session session;
    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;
    private final Session blockSession;
    private final JobIds ids;
    private final BulkCopy copy;
    private final SpareSessions patient;
    private final UniqueIntake uniques;

    PostgresIntake(
            Session session,
            SpareSessions patient,
            Session blockSession,
            Statements statements,
            NameIds kinds,
            NameIds queues) {
        this.session = session;
        this.patient = patient;
        this.blockSession = blockSession;
        this.ids = new JobIds(blockSession, statements);
        this.copy = new BulkCopy(statements, kinds, queues);
        this.statements = statements;
        this.kinds = kinds;
        this.queues = queues;
        this.uniques = new UniqueIntake(statements, kinds, queues);
    }

    /** Where numbers for jobs come from; one stock for whoever adds any. */
    JobIds ids() {
        return ids;
    }

    @Override
    public Added add(List<NewJob> jobs) {
        Rows rows = rows(jobs);
        if (!rows.unique.isEmpty()) {
            // It may wait for somebody's transaction, which nobody else should have to wait for.
            return rows.oneStatement()
                    ? patient.call(connection -> write(connection, rows))
                    : patient.transaction(connection -> write(connection, rows));
        }
        return rows.oneStatement()
                ? session.call(connection -> write(connection, rows))
                : session.transaction(connection -> write(connection, rows));
    }

    @Override
    public Added add(Connection connection, List<NewJob> jobs) {
        Rows rows = rows(jobs);
        try {
            if (!connection.getAutoCommit() || rows.oneStatement()) {
                return write(connection, rows);
            }
            connection.setAutoCommit(false);
            try {
                Added added = write(connection, rows);
                connection.commit();
                return added;
            } catch (SQLException | RuntimeException failed) {
                connection.rollback();
                throw failed;
            } finally {
                connection.setAutoCommit(true);
            }
        } catch (SQLException failed) {
            throw SqlErrors.translate(failed);
        }
    }

    /** The jobs with their ids, and the groups they fall into: plain, with a key, and for later. {@code turns} is filled with the
     * start deadlines that the database gave to jobs with keys. */
    private record Rows(
            List<NewJob> jobs,
            List<Long> ids,
            List<Integer> now,
            List<Integer> keyed,
            List<Integer> later,
            List<Integer> unique,
            boolean tagged,
            boolean anyKey,
            AtomicLongArray turns,
            Map<Integer, Taken> taken) {
        boolean oneStatement() {
            int groups = (now.isEmpty() ? 0 : 1)
                    + (keyed.isEmpty() ? 0 : 1)
                    + (later.isEmpty() ? 0 : 1)
                    + (unique.isEmpty() ? 0 : 1);
            return !tagged && jobs.size() < COPY_FROM && groups < 2;
        }
    }

    private Rows rows(List<NewJob> jobs) {
        List<Integer> now = new ArrayList<>(jobs.size());
        List<Integer> keyed = new ArrayList<>();
        List<Integer> later = new ArrayList<>();
        List<Integer> unique = new ArrayList<>();
        boolean anyKey = false;
        boolean tagged = false;
        boolean timed = false;
        for (int i = 0; i < jobs.size(); i++) {
            NewJob job = jobs.get(i);
            boolean delayed = job.delayMicros() != 0 || job.atMicros() != 0;
            (job.unique() != null ? unique : delayed ? later : job.key() == null ? now : keyed).add(i);
            anyKey |= job.key() != null || job.unique() != null;
            tagged |= !job.tags().isEmpty();
            timed |= job.atMicros() != 0;
        }
        if (timed) {
            checkTimes(jobs);
        }
        return new Rows(
                jobs,
                ids.take(jobs.size()),
                now,
                keyed,
                later,
                unique,
                tagged,
                anyKey,
                new AtomicLongArray(jobs.size()),
                new HashMap<>());
    }

    /** By the database's clock; a minute of tolerance, since the caller could only look at another one. */
    private void checkTimes(List<NewJob> jobs) {
        long now = blockSession.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("now"));
                    ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        });
        for (NewJob job : jobs) {
            long at = job.atMicros();
            if (at != 0 && (at < now - PAST_TOLERANCE_MICROS || at - now > FUTURE_MICROS)) {
                throw new StoreException(
                        ErrorCode.INVALID_OPTION,
                        "The time " + instant(at) + " is " + (at < now ? "in the past" : "too far away")
                                + "; by the database's clock it is " + instant(now)
                                + ", and a job may be at most " + EnqueueOptions.MAX_DELAY.toDays()
                                + " days ahead. Leave the time out to run the job now.",
                        false,
                        null);
            }
        }
    }

    private static Instant instant(long micros) {
        return Instant.EPOCH.plus(Duration.of(micros, ChronoUnit.MICROS));
    }

    private Added write(Connection connection, Rows rows) throws SQLException {
        long now;
        if (rows.jobs.size() >= COPY_FROM && !rows.anyKey && BinaryCopy.possible(connection)) {
            now = copyAll(connection, rows);
        } else {
            now = Long.MAX_VALUE;
            for (int from = 0; from < rows.now.size(); from += COPY_FROM) {
                List<Integer> which = rows.now.subList(from, Math.min(rows.now.size(), from + COPY_FROM));
                now = Math.min(now, insert(connection, rows, which, Group.NOW));
            }
            for (int from = 0; from < rows.keyed.size(); from += KEYED_AT_ONCE) {
                List<Integer> which = rows.keyed.subList(from, Math.min(rows.keyed.size(), from + KEYED_AT_ONCE));
                now = Math.min(now, insert(connection, rows, which, Group.KEYED));
            }
            for (int from = 0; from < rows.later.size(); from += COPY_FROM) {
                List<Integer> which = rows.later.subList(from, Math.min(rows.later.size(), from + COPY_FROM));
                now = Math.min(now, insert(connection, rows, which, Group.LATER));
            }
        }
        if (!rows.unique.isEmpty()) {
            addUnique(connection, rows);
        }
        if (rows.tagged) {
            addTags(connection, rows);
        }
        return new Added(rows.ids, hints(rows, now), hows(rows));
    }

    /** Last, since from here to the commit others wait; all in one statement, since they are sorted. */
    private void addUnique(Connection connection, Rows rows) throws SQLException {
        Optional<List<Taken>> taken;
        while (true) {
            taken = uniques.add(
                    connection,
                    rows.unique.stream()
                            .map(i -> new UniqueIntake.Entry(i, rows.jobs.get(i), rows.ids.get(i)))
                            .toList());
            if (taken.isPresent()) {
                break;
            }
            renewIds(rows, rows.unique);
        }
        for (Taken one : taken.get()) {
            rows.ids.set(one.place(), one.enqueued().id());
            rows.taken.put(one.place(), one);
        }
    }

    private static List<Enqueued.How> hows(Rows rows) {
        return rows.unique.isEmpty()
                ? List.of()
                : IntStream.range(0, rows.jobs.size())
                        .mapToObj(i -> how(rows, i))
                        .toList();
    }

    private static Enqueued.How how(Rows rows, int place) {
        Taken taken = rows.taken.get(place);
        return taken == null ? Enqueued.How.CREATED : taken.enqueued().how();
    }

    /** What the statements that insert differ by. */
    private enum Group {
        NOW("add_ready"),
        KEYED("add_keyed"),
        LATER("add_scheduled");

        private final String statement;

        Group(String statement) {
            this.statement = statement;
        }
    }

    /** The statement may come so late that its ids have become void; then it did nothing, and gets others. */
    private long insert(Connection connection, Rows rows, List<Integer> which, Group group) throws SQLException {
        OptionalLong now = tryInsert(connection, rows, which, group);
        while (now.isEmpty()) {
            renewIds(rows, which);
            now = tryInsert(connection, rows, which, group);
        }
        return now.getAsLong();
    }

    private void renewIds(Rows rows, List<Integer> which) {
        ids.forget();
        List<Long> fresh = ids.take(which.size());
        for (int i = 0; i < fresh.size(); i++) {
            rows.ids.set(which.get(i), fresh.get(i));
        }
    }

    private OptionalLong tryInsert(Connection connection, Rows rows, List<Integer> which, Group group)
            throws SQLException {
        int count = which.size();
        long[] ids = new long[count];
        int[] kind = new int[count];
        int[] queue = new int[count];
        short[] priority = new short[count];
        String[] payload = new String[count];
        @Nullable String[] meta = new @Nullable String[count];
        @Nullable String[] key = new @Nullable String[count];
        long[] within = new long[count];
        long[] delay = new long[count];
        long[] at = new long[count];
        for (int i = 0; i < count; i++) {
            NewJob job = rows.jobs.get(which.get(i));
            ids[i] = rows.ids.get(which.get(i));
            kind[i] = kinds.id(job.kind());
            queue[i] = queues.id(job.queue());
            priority[i] = (short) job.priority().code();
            payload[i] = job.payload();
            meta[i] = job.meta();
            key[i] = job.key();
            within[i] = job.startWithinMicros();
            delay[i] = job.delayMicros();
            at[i] = job.atMicros();
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get(group.statement))) {
            Parameters.set(statement, ids, kind, queue, priority, payload, meta, within);
            int next = 8;
            if (group != Group.NOW) {
                statement.setObject(next++, key);
            }
            if (group == Group.LATER) {
                statement.setObject(next++, delay);
                statement.setObject(next++, at);
            }
            statement.setLong(next, smallest(ids));
            return now(statement, turn -> group == Group.KEYED && turn < count ? which.get(turn) : -1, rows.turns);
        }
    }

    private static long smallest(long[] ids) {
        return Arrays.stream(ids).min().orElse(Long.MAX_VALUE);
    }

    /** The database's clock as a statement returned it; empty if it found the ids void. */
    private static OptionalLong now(PreparedStatement statement) throws SQLException {
        return now(statement, row -> -1, new AtomicLongArray(0));
    }

    /** The same, with the turn of each row's job put where it belongs. */
    private static OptionalLong now(PreparedStatement statement, IntUnaryOperator jobOfRow, AtomicLongArray turns)
            throws SQLException {
        try (ResultSet result = statement.executeQuery()) {
            if (!result.next()) {
                return OptionalLong.empty();
            }
            long now = result.getLong(1);
            boolean voided = result.wasNull();
            for (int row = 0; jobOfRow.applyAsInt(row) >= 0; row++, result.next()) {
                turns.set(jobOfRow.applyAsInt(row), result.getLong(2));
            }
            return voided ? OptionalLong.empty() : OptionalLong.of(now);
        }
    }

    private OptionalLong beginCopy(Connection connection, Rows rows) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("begin_copy"))) {
            statement.setLong(
                    1, smallest(rows.ids.stream().mapToLong(Long::longValue).toArray()));
            return now(statement);
        }
    }

    private long copyAll(Connection connection, Rows rows) throws SQLException {
        OptionalLong begun = beginCopy(connection, rows);
        while (begun.isEmpty()) {
            renewIds(rows, IntStream.range(0, rows.jobs.size()).boxed().toList());
            begun = beginCopy(connection, rows);
        }
        copy.write(connection, rows.jobs, rows.ids, rows.now, rows.later, begun.getAsLong());
        return begun.getAsLong();
    }

    private void addTags(Connection connection, Rows rows) throws SQLException {
        List<String> names = new ArrayList<>();
        List<String> values = new ArrayList<>();
        List<Long> jobs = new ArrayList<>();
        for (int i = 0; i < rows.jobs.size(); i++) {
            if (how(rows, i) != Enqueued.How.CREATED) {
                continue;
            }
            for (Map.Entry<String, String> tag : rows.jobs.get(i).tags().entrySet()) {
                names.add(tag.getKey());
                values.add(tag.getValue());
                jobs.add(rows.ids.get(i));
            }
        }
        try (PreparedStatement statement = connection.prepareStatement(statements.get("add_tags"))) {
            Parameters.set(
                    statement,
                    names.toArray(String[]::new),
                    values.toArray(String[]::new),
                    jobs.stream().mapToLong(Long::longValue).toArray());
            statement.executeUpdate();
        }
    }

    private static List<Hint> hints(Rows rows, long now) {
        record Lane(String queue, Priority priority, boolean later) {}
        Map<Lane, Hint> hints = new HashMap<>();
        for (int i = 0; i < rows.jobs.size(); i++) {
            NewJob job = rows.jobs.get(i);
            if (job.unique() != null) {
                continue;
            }
            boolean later = job.delayMicros() != 0 || job.atMicros() != 0;
            long due = later ? BulkCopy.due(job, now) : 0;
            long startBy = rows.turns.get(i) != 0 ? rows.turns.get(i) : (later ? due : now) + job.startWithinMicros();
            hints.merge(
                    new Lane(job.queue(), job.priority(), later),
                    new Hint(job.queue(), job.priority(), startBy, due),
                    (one, other) -> new Hint(
                            one.queue(),
                            one.priority(),
                            Math.min(one.startByMicros(), other.startByMicros()),
                            Math.min(one.dueMicros(), other.dueMicros())));
        }
        return Stream.concat(
                        hints.values().stream(),
                        rows.taken.values().stream().flatMap(taken -> Stream.ofNullable(taken.hint())))
                .toList();
    }
}

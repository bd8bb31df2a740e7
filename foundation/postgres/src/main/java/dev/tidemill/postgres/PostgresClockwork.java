package dev.tidemill.postgres;

import dev.tidemill.jobs.store.Clockwork;
import dev.tidemill.jobs.store.Intake;
import dev.tidemill.jobs.store.Intake.Added;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.postgres.ScheduleReader.Row;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Fires schedules. One transaction locks what is due, reads whether their jobs have ended, inserts the new jobs, the
 * record of the fires and the next time to look: a crash before the commit changes nothing, one after it repeats
 * nothing, and no two nodes have the same row. Nothing here belongs to an epoch, so there is no fence to hold.
 *
 * <p>A node frozen in the middle would keep its rows for as long as it stands still; the server ends its session after
 * five seconds. What the database refuses for one schedule is found by firing them one by one, and put off.
 */
final class PostgresClockwork implements Clockwork, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresClockwork.class);
    private static final int BATCH = 50;
    /** Beyond this many jobs the rest of a batch is left for the next transaction. */
    private static final int MOST_JOBS = 2_000;

    private static final long UNREADABLE_NANOS = TimeUnit.MINUTES.toNanos(1);
    private static final int MOST_ERROR_CHARS = 1_000;
    /** Lock timeout, deadlock, serialization, cancelled: not the schedule's fault. */
    private static final Set<String> PASSING = Set.of(SqlErrors.LOCK_TIMEOUT, "40P01", "40001", "57014");

    private final Session looking;
    private final Session firing;
    private final Statements statements;
    private final ScheduleReader reader;
    private final Intake intake;
    private final Set<Long> unreadable = new HashSet<>();
    private long unreadableSince = System.nanoTime();

    /**
     * Creates one.
     *
     * @param looking for short questions, shared; stays its owner's to close
     * @param firing for transactions, opened when first needed
     */
    PostgresClockwork(Session looking, Session firing, Statements statements, Intake intake) {
        this.looking = looking;
        this.firing = firing;
        this.statements = statements;
        this.reader = new ScheduleReader(statements);
        this.intake = intake;
    }

    @Override
    public Due due() {
        return looking.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_due"))) {
                Parameters.set(statement, ScheduleReader.FORMAT, passedOver());
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return new Due(rows.getLong(1), rows.getLong(2));
                }
            }
        });
    }

    /** What this program could not read lately; tried again after a minute, as it may have been put anew. */
    private long[] passedOver() {
        synchronized (unreadable) {
            if (System.nanoTime() - unreadableSince > UNREADABLE_NANOS) {
                unreadable.clear();
            }
            return unreadable.stream().mapToLong(Long::longValue).toArray();
        }
    }

    private void passOver(long schedule) {
        synchronized (unreadable) {
            if (unreadable.isEmpty()) {
                unreadableSince = System.nanoTime();
            }
            unreadable.add(schedule);
        }
        LOG.warn(
                "Schedule number {} cannot be read here and is left to other nodes: is its time zone known?", schedule);
    }

    @Override
    public Fired fire(Planner planner) {
        try {
            return firing.transaction(connection -> fire(connection, planner, BATCH, new long[1]));
        } catch (RuntimeException failed) {
            if (isPassing(failed)) {
                throw failed;
            }
            LOG.debug("A batch of schedules could not be fired; going on one by one.", failed);
            return fireOneByOne(planner);
        }
    }

    private static boolean isPassing(RuntimeException failed) {
        return failed instanceof StoreException store
                && (store.connection()
                        || (store.getCause() instanceof SQLException sql && PASSING.contains(sql.getSQLState())));
    }

    private Fired fireOneByOne(Planner planner) {
        List<dev.tidemill.jobs.store.Hint> hints = new ArrayList<>();
        for (int i = 0; i < BATCH; i++) {
            long[] locked = new long[1];
            try {
                Fired one = firing.transaction(connection -> fire(connection, planner, 1, locked));
                hints.addAll(one.hints());
                if (one.schedules() == 0) {
                    return new Fired(i, hints);
                }
            } catch (RuntimeException failed) {
                if (isPassing(failed) || locked[0] == 0) {
                    throw failed;
                }
                postpone(locked[0], failed);
            }
        }
        return new Fired(BATCH, hints);
    }

    private void postpone(long schedule, RuntimeException failed) {
        LOG.warn("Schedule number {} could not be fired; it is tried again in a minute.", schedule, failed);
        String message = String.valueOf(failed.getMessage()).replace("\0", "");
        firing.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_postpone"))) {
                Parameters.set(statement, message.substring(0, Math.min(message.length(), MOST_ERROR_CHARS)), schedule);
                return statement.executeUpdate();
            }
        });
    }

    private Fired fire(Connection connection, Planner planner, int limit, long[] locked) throws SQLException {
        long now = bound(connection, statements);
        List<Row> due;
        try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_lock"))) {
            Parameters.set(statement, now, ScheduleReader.FORMAT, passedOver(), limit);
            due = reader.read(statement, this::passOver);
        }
        if (due.isEmpty()) {
            return new Fired(0, List.of());
        }
        locked[0] = due.getFirst().id();
        List<Plan> plans = new ArrayList<>();
        List<NewJob> jobs = new ArrayList<>();
        for (Row row : due) {
            if (jobs.size() >= MOST_JOBS) {
                break;
            }
            Plan plan = planner.plan(row.schedule(), now);
            plans.add(plan);
            jobsOf(plan).forEach(jobs::add);
        }
        Added added = jobs.isEmpty() ? new Added(List.of(), List.of()) : intake.add(connection, jobs);
        ScheduleWriter writer = new ScheduleWriter(connection, statements);
        int from = 0;
        for (int i = 0; i < plans.size(); i++) {
            int count = (int) jobsOf(plans.get(i)).count();
            writer.add(due.get(i).id(), plans.get(i), added.ids().subList(from, from + count));
            from += count;
        }
        writer.write();
        return new Fired(plans.size(), added.hints());
    }

    private static Stream<NewJob> jobsOf(Plan plan) {
        return Stream.concat(plan.released().stream(), plan.fires().stream())
                .flatMap(fire -> Stream.ofNullable(fire.job()));
    }

    /** Bounds how long the transaction may hold what it locks; returns the database's clock. */
    static long bound(Connection connection, Statements statements) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("schedule_bounds"));
                ResultSet rows = statement.executeQuery()) {
            rows.next();
            return rows.getLong(3);
        }
    }

    @Override
    public void close() {
        firing.close();
    }
}

package dev.tidemill.postgres;

import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Retention;
import dev.tidemill.jobs.store.History;
import dev.tidemill.jobs.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drops partitions that are old enough, a step a call; the steps themselves are in the function
 * {@code advance_history}. Detaching is the one that cannot be in a transaction: it marks the partition, waits for
 * everybody who still uses it without making anybody wait, and takes it off. Where it is broken off in between, the
 * next one finishes it. On a connection that is borrowed for each step, since there are minutes between them.
 */
final class PostgresHistory implements History, AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(PostgresHistory.class);
    private static final Duration ANSWER_WITHIN = Duration.ofMinutes(10);
    private static final String HISTORY = "history";
    private static final String KIND = "kind ";
    /** Less than the minute after which another node takes a detaching for broken off. */
    private static final int DETACH_SECONDS = 30;
    /** What two nodes get that detach the same partition, or whoever waits in vain. */
    private static final Set<String> NOT_NOW = Set.of(SqlErrors.LOCK_TIMEOUT, "55000", "57014", "42P01", "42704");

    private final DataSource dataSource;
    private final Statements statements;
    private final NameIds kinds;
    private volatile @Nullable Session working;
    private volatile boolean closed;

    PostgresHistory(DataSource dataSource, Statements statements, NameIds kinds) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.kinds = kinds;
    }

    @Override
    public void define(@Nullable Duration age, Map<String, Keep> rules, String by) {
        if (age == null && rules.isEmpty()) {
            return;
        }
        // Their numbers are given in transactions of their own.
        rules.keySet().forEach(kinds::id);
        try (Session session = new Session(dataSource, Duration.ofSeconds(10))) {
            session.transaction(connection -> {
                // Read even if only kinds are said: starts take turns at this row.
                Words before = before(connection, "history_before", HISTORY);
                if (age != null) {
                    String words = Long.toString(micros(age));
                    before.hear(words, () -> write(connection, "say_history", HISTORY, words), () -> {
                        note(connection, by, HISTORY, age.toString());
                        write(connection, "keep_history", micros(age));
                    });
                }
                for (Map.Entry<String, Keep> rule : rules.entrySet()) {
                    define(connection, rule.getKey(), rule.getValue(), by);
                }
                return true;
            });
        }
    }

    private void define(Connection connection, String kind, Keep keep, String by) throws SQLException {
        int id = kinds.id(kind);
        String target = KIND + kind;
        String words = keep.completed() + " " + keep.failed() + " " + micros(keep.age());
        Words before = before(connection, "kind_before", id, target);
        before.hear(words, () -> write(connection, "say_history", target, words), () -> {
            note(connection, by, target, told(keep));
            write(connection, "keep_kind", id, keep.completed(), keep.failed(), micros(keep.age()));
        });
    }

    private Words before(Connection connection, String name, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, parameters);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return new Words(rows.getString(1), rows.getString(2));
            }
        }
    }

    @Override
    public void setAge(Duration age, String by) {
        change("keep_history", by, HISTORY, age.toString(), micros(age));
    }

    @Override
    public void setKind(String kind, Keep keep, String by) {
        change(
                "keep_kind",
                by,
                KIND + kind,
                told(keep),
                kinds.id(kind),
                keep.completed(),
                keep.failed(),
                micros(keep.age()));
    }

    private static String told(Keep keep) {
        return "the last " + keep.completed() + " completed and " + keep.failed() + " failed"
                + (keep.age().isZero() ? "" : ", all for " + keep.age());
    }

    private void change(String name, String by, String target, String detail, Object... parameters) {
        try (Session session = new Session(dataSource, Duration.ofSeconds(10))) {
            session.transaction(connection -> {
                write(connection, name, parameters);
                note(connection, by, target, detail);
                return true;
            });
        }
    }

    private void write(Connection connection, String name, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, parameters);
            statement.executeUpdate();
        }
    }

    private void note(Connection connection, String by, String target, String detail) throws SQLException {
        PostgresAudit.note(connection, statements, by, "keep", target, detail);
    }

    @Override
    public Retention.View view() {
        try (Session session = new Session(dataSource, Duration.ofSeconds(10))) {
            return session.call(connection -> {
                Duration age = Duration.ZERO;
                Map<String, Keep> rules = new TreeMap<>();
                try (PreparedStatement statement = connection.prepareStatement(statements.get("keep_rules"));
                        ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        age = duration(rows.getLong(1));
                        if (rows.getString(2) != null) {
                            rules.put(
                                    rows.getString(2),
                                    new Keep(rows.getInt(3), rows.getInt(4), duration(rows.getLong(5))));
                        }
                    }
                }
                return new Retention.View(age, rules, parts(connection));
            });
        }
    }

    private List<Retention.Part> parts(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("history_parts"));
                ResultSet rows = statement.executeQuery()) {
            List<Retention.Part> parts = new ArrayList<>();
            while (rows.next()) {
                parts.add(new Retention.Part(
                        rows.getString(1),
                        rows.getLong(2),
                        instant(rows.getLong(3)),
                        instant(rows.getLong(4)),
                        step(rows.getInt(5))));
            }
            return parts;
        }
    }

    private static Retention.Step step(int number) {
        return switch (number) {
            case 0 -> Retention.Step.STAYS;
            case 1 -> Retention.Step.VOID;
            case 2 -> Retention.Step.LISTED;
            case 3 -> Retention.Step.COPIED;
            default -> throw new IllegalArgumentException("no step has the number " + number);
        };
    }

    private static Duration duration(long micros) {
        return Duration.of(micros, ChronoUnit.MICROS);
    }

    private static @Nullable Instant instant(long micros) {
        return micros == 0 ? null : Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    private record Step(
            String did, @Nullable String part, @Nullable String command) {}

    @Override
    public boolean advance() {
        try {
            return step();
        } catch (StoreException failed) {
            if (closed) {
                // The close broke it off, and whoever comes next takes it up: nobody has to hear of that.
                return false;
            }
            throw failed;
        }
    }

    private boolean step() {
        return borrow(connection -> {
            try {
                Step step = next(connection);
                if (step.command != null) {
                    detach(connection, step.command);
                }
                if (step.did.equals("dropped")) {
                    LOG.info("Dropped partition {} of the history.", step.part);
                }
                return switch (step.did) {
                    case "nothing", "elsewhere", "waiting" -> false;
                    default -> true;
                };
            } catch (SQLException failed) {
                if (failed.getSQLState() != null && NOT_NOW.contains(failed.getSQLState())) {
                    LOG.debug("Something is in the way of dropping history; going on later.", failed);
                    return false;
                }
                throw failed;
            }
        });
    }

    private Step next(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("advance_history"));
                ResultSet rows = statement.executeQuery()) {
            rows.next();
            return new Step(rows.getString(1), rows.getString(2), rows.getString(3));
        }
    }

    private static void detach(Connection connection, String command) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.setQueryTimeout(DETACH_SECONDS);
            statement.execute(command);
        }
    }

    private static long micros(Duration duration) {
        return TimeUnit.NANOSECONDS.toMicros(duration.toNanos());
    }

    private <T> T borrow(Session.Work<T> work) {
        Session session = new Session(dataSource, ANSWER_WITHIN);
        working = session;
        try {
            if (closed) {
                session.close();
            }
            return session.call(work);
        } finally {
            working = null;
            session.close();
        }
    }

    /** Breaks off a step under way; whoever comes next takes it up. */
    @Override
    public void close() {
        closed = true;
        Session session = working;
        if (session != null) {
            session.close();
        }
    }
}

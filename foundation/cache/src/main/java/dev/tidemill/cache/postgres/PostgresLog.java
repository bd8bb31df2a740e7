package dev.tidemill.cache.postgres;

import dev.tidemill.cache.tier.Invalidation;
import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.Target;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The log in a table, written in the transactions of those who change things. A look compares snapshots, so that a
 * transaction that commits late is found when it commits, wherever its rows are in the table.
 */
final class PostgresLog implements InvalidationLog {
    /** What no transaction is part of: everything in the log is news to it. */
    private static final String NOTHING = "1:1:";

    private static final Duration LOCK_WAIT = Duration.ofMillis(300);

    private final Sessions sessions;
    private final CacheSql sql;
    private final Duration kept;
    private final Semaphore called = new Semaphore(0);
    private final Ear ear;

    PostgresLog(Sessions sessions, CacheSql sql, Duration kept, Duration answerWithin) {
        this.sessions = sessions;
        this.sql = sql;
        this.kept = kept;
        this.ear = new Ear(sessions, sql, answerWithin, called::release);
    }

    @Override
    public Look look(@Nullable Position since, boolean remembering) {
        return sessions.call(connection -> {
            Look look = lookOnce(connection, (Snapshot) since, remembering);
            if (look == null) {
                execute(connection, "live");
                look = lookOnce(connection, (Snapshot) since, remembering);
            }
            if (look == null) {
                throw new SQLException("The cache's life ended as it began; it is tried again.", "40001");
            }
            return look;
        });
    }

    /** Null if there is no life. */
    private @Nullable Look lookOnce(Connection connection, @Nullable Snapshot since, boolean remembering)
            throws SQLException {
        // Without a former position: an empty answer, or all there is.
        String from =
                since != null ? since.forServer() : remembering ? NOTHING : Long.MAX_VALUE + ":" + Long.MAX_VALUE + ":";
        try (PreparedStatement statement = connection.prepareStatement(sql.get("look"))) {
            statement.setString(1, from);
            statement.setString(2, from);
            try (ResultSet rows = statement.executeQuery()) {
                Snapshot now = null;
                long forgottenBelow = 0;
                List<Invalidation> news = new ArrayList<>();
                while (rows.next()) {
                    if (now == null) {
                        String life = rows.getString(2);
                        if (life == null) {
                            return null;
                        }
                        now = Snapshot.of(life, rows.getString(1));
                        forgottenBelow = rows.getLong(3);
                    }
                    String target = rows.getString(6);
                    if (target != null) {
                        news.add(new Invalidation(
                                rows.getLong(4), rows.getString(5), new Target(target, rows.getString(7))));
                    }
                }
                if (now == null) {
                    throw new SQLException("The look returned no row.", "XX000");
                }
                boolean complete = since == null
                        || (since.life().equals(now.life())
                                && since.isAtLeast(forgottenBelow)
                                && now.next() >= since.next());
                return new Look(now, news, complete, forgottenBelow);
            }
        }
    }

    @Override
    public long append(String cache, List<Target> targets) {
        return sessions.call(connection -> insert(connection, cache, targets));
    }

    @Override
    public void append(Connection connection, String cache, List<Target> targets) {
        try {
            insert(connection, cache, targets);
        } catch (SQLException failed) {
            throw new TierException("The invalidation was not written: " + Sessions.reason(failed), failed);
        }
    }

    private long insert(Connection connection, String cache, List<Target> targets) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql.get("append"))) {
            statement.setString(1, cache);
            statement.setObject(2, targets.stream().map(Target::name).toArray(String[]::new));
            statement.setObject(3, targets.stream().map(Target::pattern).toArray(String[]::new));
            statement.setObject(4, targets.stream().map(PostgresLog::like).toArray(String[]::new));
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    /** The pattern in SQL's words; empty where there is none. */
    private static String like(Target target) {
        return target.pattern()
                .replace("\\", "\\\\")
                .replace("%", "\\%")
                .replace("_", "\\_")
                .replace("*", "%");
    }

    @Override
    public Position read(String text) {
        return Snapshot.parse(text);
    }

    @Override
    public void call() {
        sessions.call(connection -> execute(connection, "call"));
    }

    private boolean execute(Connection connection, String name) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            return statement.execute(sql.get(name));
        }
    }

    /** Heard on a connection of its own, by a thread of its own, so that whoever waits here can be called at home too. */
    @Override
    public void await(Duration timeout) throws InterruptedException {
        ear.open();
        if (called.tryAcquire(timeout.toMillis(), TimeUnit.MILLISECONDS)) {
            called.drainPermits();
        }
    }

    @Override
    public void tidy() {
        sessions.transaction(connection -> {
            if (Turn.taken(connection, sql, LOCK_WAIT)) {
                Turn.run(connection, sql.get("forget"), kept);
            }
            return true;
        });
    }

    @Override
    public void close() {
        called.release();
        ear.close();
        sessions.close();
    }
}

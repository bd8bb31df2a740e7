package dev.tidemill.postgres;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.KeyWeight;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Control;
import dev.tidemill.jobs.store.Hint;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Limits, pauses and cancelling on PostgreSQL. Changes take turns at the row that holds the rules' version. */
final class PostgresControl implements Control {
    /** The rule's number under which jobs with a paused key are parked. */
    private static final int PAUSED_KEYS = -1;

    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(60);

    private final DataSource dataSource;
    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;

    PostgresControl(DataSource dataSource, Statements statements, NameIds kinds, NameIds queues) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.kinds = kinds;
        this.queues = queues;
    }

    @Override
    public boolean pause(Pause.Scope scope, String name, String by, String reason) {
        known(scope, name);
        return change(connection -> {
            int code = scope.code();
            boolean done = update(connection, "pause", code, name, code, name, by, reason) == 1;
            if (done) {
                note(connection, by, "pause", scope + " " + name, reason);
            }
            return done;
        });
    }

    /** A kind or queue that was never seen gets its number now, so that the pause is about it once it is. */
    private void known(Pause.Scope scope, String name) {
        switch (scope) {
            case QUEUE -> queues.id(name);
            case KIND -> kinds.id(name);
            case EVERYTHING, KEY -> {}
        }
    }

    @Override
    public Changed resume(Pause.Scope scope, String name, String by) {
        return change(connection -> {
            if (update(connection, "resume", scope.code(), name) == 0) {
                return new Changed(false, List.of());
            }
            note(connection, by, "resume", scope + " " + name, "");
            if (scope != Pause.Scope.KEY) {
                return new Changed(true, List.of());
            }
            update(connection, "lock_rule", PAUSED_KEYS);
            return new Changed(true, openGates(connection, PAUSED_KEYS, keyNumber(connection, name)));
        });
    }

    @Override
    public List<Pause> pauses() {
        return borrow(connection -> {
            List<Pause> pauses = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("pauses"));
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    pauses.add(new Pause(
                            Pause.Scope.ofCode(rows.getInt(1)),
                            rows.getString(2),
                            PostgresDesk.instant(rows.getLong(3)),
                            rows.getString(4),
                            rows.getString(5)));
                }
            }
            return pauses;
        });
    }

    @Override
    public void putLimit(Limit limit, String by) {
        int target = target(limit);
        Duration per = limit.per();
        change(connection -> {
            update(
                    connection,
                    "put_limit",
                    scope(limit),
                    target,
                    limit.perKey(),
                    limit.concurrency(),
                    limit.rate(),
                    per == null ? null : TimeUnit.NANOSECONDS.toMicros(per.toNanos()),
                    limit.burst());
            note(connection, by, "limit", limit.scope() + " " + limit.name(), words(limit));
            return true;
        });
    }

    /** What it is limited to, for the audit trail. */
    private static String words(Limit limit) {
        List<String> words = new ArrayList<>();
        if (limit.concurrency() != null) {
            words.add(limit.concurrency() + " at a time");
        }
        if (limit.rate() != null) {
            words.add(limit.rate() + " in " + limit.per() + ", up to " + limit.burst() + " saved up");
        }
        if (limit.perKey()) {
            words.add("per key");
        }
        return String.join(", ", words);
    }

    @Override
    public Changed removeLimit(Limit limit, String by) {
        int target = target(limit);
        return change(connection -> {
            Integer rule = null;
            try (PreparedStatement statement = connection.prepareStatement(statements.get("find_limit"))) {
                Parameters.set(statement, scope(limit), target, limit.perKey());
                try (ResultSet rows = statement.executeQuery()) {
                    rule = rows.next() ? rows.getInt(1) : null;
                }
            }
            if (rule == null) {
                return new Changed(false, List.of());
            }
            update(connection, "lock_rule", rule);
            List<Hint> hints = openGates(connection, rule, null);
            update(connection, "remove_limit", rule, rule);
            note(connection, by, "unlimit", limit.scope() + " " + limit.name(), limit.perKey() ? "per key" : "");
            return new Changed(true, hints);
        });
    }

    @Override
    public List<LimitView> limits() {
        return borrow(connection -> {
            List<LimitView> limits = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("limits"));
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    Long per = rows.getObject(6, Long.class);
                    limits.add(new LimitView(
                            new Limit(
                                    rows.getInt(1) == 1 ? Limit.Scope.QUEUE : Limit.Scope.KIND,
                                    rows.getString(2),
                                    rows.getBoolean(3),
                                    rows.getObject(4, Integer.class),
                                    rows.getObject(5, Integer.class),
                                    per == null ? null : Duration.of(per, ChronoUnit.MICROS),
                                    rows.getObject(7, Integer.class)),
                            rows.getLong(10),
                            rows.getLong(8),
                            rows.getLong(9)));
                }
            }
            return limits;
        });
    }

    @Override
    public boolean share(String queue, boolean fairly, String by) {
        int id = queues.id(queue);
        return change(connection -> {
            boolean done = update(connection, fairly ? "make_fair" : "make_unfair", id) == 1;
            if (done) {
                note(connection, by, fairly ? "share fairly" : "share by deadline", "QUEUE " + queue, "");
            }
            return done;
        });
    }

    @Override
    public List<String> fairQueues() {
        return borrow(connection -> {
            List<String> names = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("fair_queues"));
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    names.add(rows.getString(1));
                }
            }
            return names;
        });
    }

    @Override
    public boolean weigh(String queue, String key, int weight, String by) {
        return change(connection -> {
            if (weight == 1) {
                update(connection, "remove_weight", queue, key);
            } else if (update(connection, "put_weight", key, key, weight, queue) == 0) {
                return false;
            }
            note(connection, by, "weigh", "QUEUE " + queue, key + ": " + weight);
            return true;
        });
    }

    @Override
    public List<KeyWeight> weights() {
        return borrow(connection -> {
            List<KeyWeight> weights = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("key_weights"));
                    ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    weights.add(new KeyWeight(rows.getString(1), rows.getString(2), rows.getInt(3)));
                }
            }
            return weights;
        });
    }

    @Override
    public Cancellation cancel(long job, String by) {
        return borrow(connection -> {
            // Two transactions: whoever moves the job from here on sees the request, and only then is it looked for.
            update(connection, "ask_cancel", job, by);
            Cancellation done;
            try (PreparedStatement statement = connection.prepareStatement(statements.get("carry_out_cancel"))) {
                statement.setLong(1, job);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    done = Cancellation.ofCode(rows.getInt(1));
                }
            }
            if (done == Cancellation.INTERRUPTED || done == Cancellation.WILL_NOT_START) {
                update(connection, "signal", PostgresSignals.CANCELS);
            }
            if (done != Cancellation.NOT_FOUND) {
                note(connection, by, "cancel", "JOB " + job, done.name());
            }
            return done;
        });
    }

    private int target(Limit limit) {
        return limit.scope() == Limit.Scope.QUEUE ? queues.id(limit.name()) : kinds.id(limit.name());
    }

    private static int scope(Limit limit) {
        return limit.scope() == Limit.Scope.QUEUE ? 1 : 2;
    }

    private long keyNumber(Connection connection, String key) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("key_number"))) {
            statement.setString(1, key);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    private List<Hint> openGates(Connection connection, int rule, @Nullable Long gate) throws SQLException {
        List<Hint> hints = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("open_gates"))) {
            statement.setInt(1, rule);
            statement.setObject(2, gate, Types.BIGINT);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    hints.add(
                            new Hint(queues.name(rows.getInt(1)), Priority.ofCode(rows.getInt(2)), rows.getLong(3), 0));
                }
            }
        }
        return hints;
    }

    private void note(Connection connection, String by, String action, String target, String detail)
            throws SQLException {
        PostgresAudit.note(connection, statements, by, action, target, detail);
    }

    /** How many rows; 0 for a statement that returns some instead. */
    private int update(Connection connection, String name, @Nullable Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            return statement.execute() ? 0 : statement.getUpdateCount();
        }
    }

    /** The version's row is taken first: it is what every other change waits for, so none deadlock. */
    private <T> T change(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.transaction(connection -> {
                update(connection, "control_changed");
                return work.on(connection);
            });
        }
    }

    private <T> T borrow(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.call(work);
        }
    }
}

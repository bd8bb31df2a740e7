package dev.tidemill.postgres;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.BreakerView.State;
import dev.tidemill.jobs.store.BreakerBook;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Types;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import javax.sql.DataSource;

/** Breakers on PostgreSQL. Whoever changes one locks its row first, and the rules' version after it. */
final class PostgresBreakers implements BreakerBook {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(60);

    private final DataSource dataSource;
    private final Statements statements;
    private final NameIds kinds;

    PostgresBreakers(DataSource dataSource, Statements statements, NameIds kinds) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.kinds = kinds;
    }

    @Override
    public void define(Collection<Breaker> breakers, Map<String, Set<String>> dependsOn) {
        Map<String, Breaker> given = new TreeMap<>();
        breakers.forEach(breaker -> given.put(breaker.name(), breaker));
        Set<String> named = new TreeSet<>(given.keySet());
        dependsOn.values().forEach(named::addAll);
        List<Integer> kindIds = new ArrayList<>();
        List<String> names = new ArrayList<>();
        dependsOn.forEach((kind, dependencies) -> dependencies.forEach(dependency -> {
            kindIds.add(kinds.id(kind));
            names.add(dependency);
        }));
        int[] all = dependsOn.keySet().stream().mapToInt(kinds::id).sorted().toArray();
        transaction(connection -> {
            for (String name : named) {
                Breaker mine = given.get(name);
                put(connection, mine == null ? Breaker.of(name) : mine, mine != null);
            }
            long changed = number(
                    connection,
                    "put_breaker_kinds",
                    kindIds.stream().mapToInt(Integer::intValue).toArray(),
                    names.toArray(String[]::new),
                    all);
            return changed == 0 || execute(connection, "control_changed");
        });
    }

    private void put(Connection connection, Breaker breaker, boolean over) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("put_breaker"))) {
            Parameters.set(
                    statement,
                    breaker.name(),
                    breaker.failures(),
                    0.0,
                    breaker.atLeast(),
                    micros(breaker.within()),
                    micros(breaker.openFor()),
                    micros(breaker.longest()),
                    over);
            statement.setObject(3, breaker.ratio(), Types.DOUBLE);
            statement.executeUpdate();
        }
    }

    private static long micros(Duration time) {
        return TimeUnit.NANOSECONDS.toMicros(time.toNanos());
    }

    @Override
    public List<BreakerView> list() {
        return transaction(connection -> views(connection, statements));
    }

    static List<BreakerView> views(Connection connection, Statements statements) throws SQLException {
        List<BreakerView> views = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("breakers"));
                ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                views.add(view(rows));
            }
        }
        return views;
    }

    private static BreakerView view(ResultSet rows) throws SQLException {
        boolean open = rows.getInt(2) != 0;
        boolean byHand = rows.getBoolean(3);
        boolean probing = rows.getBoolean(9);
        return new BreakerView(
                new Breaker(
                        rows.getString(1),
                        rows.getInt(10),
                        rows.getObject(11, Double.class),
                        rows.getInt(12),
                        Duration.of(rows.getLong(13), ChronoUnit.MICROS),
                        Duration.of(rows.getLong(14), ChronoUnit.MICROS),
                        Duration.of(rows.getLong(15), ChronoUnit.MICROS)),
                !open ? State.CLOSED : probing && !byHand ? State.HALF_OPEN : State.OPEN,
                byHand,
                PostgresDesk.instant(rows.getLong(4)),
                open && !byHand ? PostgresDesk.instant(rows.getLong(5)) : null,
                rows.getInt(6),
                rows.getInt(7),
                rows.getString(8),
                List.of((String[]) rows.getArray(16).getArray()));
    }

    @Override
    public Optional<Boolean> open(String name, String by) {
        return change(name, by, true);
    }

    @Override
    public Optional<Boolean> close(String name, String by) {
        return change(name, by, false);
    }

    private Optional<Boolean> change(String name, String by, boolean open) {
        return transaction(connection -> {
            int id;
            try (PreparedStatement statement = connection.prepareStatement(statements.get("lock_breaker"))) {
                Parameters.set(statement, name);
                try (ResultSet rows = statement.executeQuery()) {
                    if (!rows.next()) {
                        return Optional.empty();
                    }
                    boolean isOpen = rows.getInt(2) != 0;
                    if (open ? isOpen && rows.getBoolean(3) : !isOpen) {
                        return Optional.of(false);
                    }
                    id = rows.getInt(1);
                }
            }
            execute(connection, "note_change", by, open ? "open breaker" : "close breaker", "BREAKER " + name, "");
            execute(connection, open ? "open_breaker" : "close_breaker", id);
            return Optional.of(true);
        });
    }

    private boolean execute(Connection connection, String name, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, values);
            return statement.execute();
        }
    }

    private long number(Connection connection, String name, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, values);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }

    private <T> T transaction(Session.Work<T> work) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.transaction(work);
        }
    }
}

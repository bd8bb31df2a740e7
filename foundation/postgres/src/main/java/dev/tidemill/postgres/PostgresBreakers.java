package dev.tidemill.postgres;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.BreakerView.State;
import dev.tidemill.jobs.Breakers;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.BreakerBook;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
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
import org.jspecify.annotations.Nullable;

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
    public void define(Collection<Breaker> breakers, Map<String, Set<String>> dependsOn, String by) {
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
            boolean added = false;
            for (String name : named) {
                Breaker mine = given.get(name);
                added |= mine == null ? add(connection, Breaker.of(name)) : define(connection, mine, by);
            }
            if (added) {
                refuseBeyondMost(connection);
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

    private boolean define(Connection connection, Breaker mine, String by) throws SQLException {
        String words = words(mine);
        boolean added = add(connection, mine);
        before(connection, mine.name())
                .hear(
                        words,
                        () -> execute(connection, "say_breaker", words, mine.name()),
                        () -> set(connection, mine, by));
        return added;
    }

    private boolean add(Connection connection, Breaker breaker) throws SQLException {
        return update(
                connection,
                "add_breaker",
                breaker.name(),
                breaker.failures(),
                breaker.ratio(),
                breaker.atLeast(),
                micros(breaker.within()),
                micros(breaker.openFor()),
                micros(breaker.longest()));
    }

    private Words before(Connection connection, String name) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("breaker_settings"))) {
            Parameters.set(statement, name);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return new Words(words(settings(rows)), rows.getString(8));
            }
        }
    }

    private void set(Connection connection, Breaker breaker, String by) throws SQLException {
        update(
                connection,
                "set_breaker",
                breaker.failures(),
                breaker.ratio(),
                breaker.atLeast(),
                micros(breaker.within()),
                micros(breaker.openFor()),
                micros(breaker.longest()),
                breaker.name());
        execute(connection, "note_change", by, "put breaker", "BREAKER " + breaker.name(), told(breaker));
    }

    /** For the code's next start to compare with. */
    private static String words(Breaker breaker) {
        return breaker.failures() + " " + breaker.ratio() + " " + breaker.atLeast() + " " + micros(breaker.within())
                + " " + micros(breaker.openFor()) + " " + micros(breaker.longest());
    }

    private static String told(Breaker breaker) {
        return breaker.failures() + " failures in a row"
                + (breaker.ratio() == null
                        ? ""
                        : " or " + breaker.ratio() + " of at least " + breaker.atLeast() + " calls within "
                                + breaker.within())
                + ", open for " + breaker.openFor() + " to " + breaker.longest();
    }

    @Override
    public void put(Breaker breaker, String by) {
        transaction(connection -> {
            if (add(connection, breaker)) {
                refuseBeyondMost(connection);
            }
            before(connection, breaker.name());
            set(connection, breaker, by);
            return true;
        });
    }

    /** Whoever makes breakers by whatever way makes no more of them than the list has; those that are there are used. */
    private void refuseBeyondMost(Connection connection) throws SQLException {
        if (number(connection, "count_breakers") > Breakers.MOST) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "There are " + Breakers.MOST + " breakers already, as many as there may be; use one of them.");
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

    private static Breaker settings(ResultSet rows) throws SQLException {
        return new Breaker(
                rows.getString(1),
                rows.getInt(2),
                rows.getObject(3, Double.class),
                rows.getInt(4),
                Duration.of(rows.getLong(5), ChronoUnit.MICROS),
                Duration.of(rows.getLong(6), ChronoUnit.MICROS),
                Duration.of(rows.getLong(7), ChronoUnit.MICROS));
    }

    private static BreakerView view(ResultSet rows) throws SQLException {
        boolean open = rows.getInt(8) != 0;
        boolean byHand = rows.getBoolean(9);
        boolean probing = rows.getBoolean(15);
        return new BreakerView(
                settings(rows),
                !open ? State.CLOSED : probing && !byHand ? State.HALF_OPEN : State.OPEN,
                byHand,
                PostgresDesk.instant(rows.getLong(10)),
                open && !byHand ? PostgresDesk.instant(rows.getLong(11)) : null,
                rows.getInt(12),
                rows.getInt(13),
                rows.getString(14),
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

    private boolean update(Connection connection, String name, @Nullable Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, values);
            return statement.executeUpdate() > 0;
        }
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

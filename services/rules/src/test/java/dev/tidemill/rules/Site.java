package dev.tidemill.rules;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionFactory;

/** A test's database with a mill, and tables that rules are on: {@code {s}} stands for the schema. */
final class Site implements AutoCloseable {
    private final TestDatabase database;
    private final Tidemill mill;
    private final List<Rules> opened = new ArrayList<>();

    Site(TestDatabase database) throws SQLException {
        this(database, database.dataSource());
    }

    /** With a mill whose connections come from elsewhere than the test's own. */
    Site(TestDatabase database, DataSource connections) throws SQLException {
        this.database = database;
        this.mill = Tidemill.on(connections)
                .schema(database.schema())
                .heartbeat(Duration.ofMillis(200), Duration.ofSeconds(20))
                .start();
        mill.discard(
                mill.deadLetters(null, 1_000).stream().map(DeadLetter::jobId).toList(), "the test before");
        run("drop table if exists {s}.sub, {s}.person, {s}.seen, {s}.pair");
        run("create table {s}.person (id bigint primary key, name text, plan text, visits integer not null default 0)");
        run("create table {s}.sub (id bigint primary key, user_id bigint, status text, note text)");
        run("create table {s}.seen (n bigint generated always as identity, key text, what text)");
    }

    Tidemill mill() {
        return mill;
    }

    Rules rules() {
        Rules rules = Rules.on(mill);
        opened.add(rules);
        return rules;
    }

    /** A rule on subscriptions by user, mapped. */
    RuleBuilder<Sub> subs(Rules rules) {
        return rules.table(sql("{s}.sub"))
                .watching("status")
                .key("user_id")
                .carrying("id")
                .mapped(Sub.class);
    }

    record Sub(long id, long userId, String status) {}

    String sql(String text) {
        return text.replace("{s}", database.schema());
    }

    void run(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection()) {
            run(connection, sql);
        }
    }

    void run(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql(sql));
        }
    }

    /** Subscriptions from a number to another, one a user. */
    void insert(int from, int to) throws SQLException {
        run("insert into {s}.sub select g, g, 'new', 'x' from generate_series(" + from + ", " + to + ") g");
    }

    Connection begin() throws SQLException {
        Connection connection = database.dataSource().getConnection();
        connection.setAutoCommit(false);
        return connection;
    }

    long number(String sql) throws SQLException {
        return Long.parseLong(text(sql));
    }

    String text(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql(sql))) {
            rows.next();
            return String.valueOf(rows.getString(1));
        }
    }

    /** Notes in a reaction's transaction that it ran. */
    void note(RuleRun run, String key, String what) throws SQLException {
        try (var statement = run.connection().prepareStatement(sql("insert into {s}.seen (key, what) values (?, ?)"))) {
            statement.setString(1, key);
            statement.setString(2, what);
            statement.executeUpdate();
        }
    }

    /** What was noted, in order, as {@code key:what}. */
    List<String> noted() throws SQLException {
        String all = text("select coalesce(string_agg(key || ':' || what, ',' order by n), '') from {s}.seen");
        return all.isEmpty() ? List.of() : List.of(all.split(",", -1));
    }

    /** Until nothing waits and nothing is parked, of rules that are there. */
    void drained() {
        soon().until(() -> number("select (select count(*) from {s}.rule_change c join {s}.rule r on r.id = c.rule)"
                        + " + (select count(*) from {s}.rule_parked p join {s}.rule r on r.id = p.rule)")
                == 0);
    }

    static ConditionFactory soon() {
        return Awaitility.await().atMost(Duration.ofSeconds(30)).pollInterval(Duration.ofMillis(20));
    }

    @Override
    public void close() throws SQLException {
        for (Rules rules : opened) {
            rules.status().forEach(status -> rules.remove(status.name()));
            rules.close();
        }
        mill.stop(Duration.ofSeconds(2));
    }
}

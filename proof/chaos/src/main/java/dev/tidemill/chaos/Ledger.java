package dev.tidemill.chaos;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Tidemill;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Tells from the tables what became of jobs and of those who work on them. Thread safe; opened anew after a restart. */
final class Ledger {
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final Site site;
    private @Nullable Connection reading;

    private Ledger(Site site) {
        this.site = site;
    }

    /** Makes the schema, the table of effects, and a trap for whoever changes or deletes an attempt, and the {@link Watch}. */
    static Ledger open(Site site) {
        Tidemill.on(site.dataSource()).schema(site.schema()).start().close();
        Ledger ledger = new Ledger(site);
        ledger.execute("create table {s}.effect (job bigint not null, attempt integer not null)");
        ledger.execute("create table {s}.tampering (lease bigint, job bigint, how text)");
        ledger.execute("""
                create function {s}.note_tampering() returns trigger language plpgsql as $$
                begin
                    insert into {s}.tampering values (old.lease, old.job, tg_op);
                    return null;
                end $$""");
        ledger.execute("""
                create trigger note_tampering after update or delete on {s}.attempt
                for each row execute function {s}.note_tampering()""");
        Watch.install(ledger);
        return ledger;
    }

    /** Waits until every one of these has succeeded. */
    void awaitAll(List<Long> jobs) {
        Waiting.until("all succeed", PATIENCE, () -> succeeded(jobs) == jobs.size());
    }

    void awaitAtLeast(int count, List<Long> jobs) {
        Waiting.until(count + " succeed", PATIENCE, () -> succeeded(jobs) >= count);
    }

    int succeeded(List<Long> jobs) {
        return number("select count(distinct job) from {s}.attempt where outcome = 0 and job in (" + list(jobs) + ")");
    }

    /** The outcomes of a job's attempts, in order. */
    List<AttemptOutcome> outcomes(long job) {
        return numbers("select outcome from {s}.attempt where job = " + job + " order by lease").stream()
                .map(code -> AttemptOutcome.ofCode(code.intValue()))
                .toList();
    }

    /** Which node an attempt belongs to. */
    String nodeThatSucceeded(long job) {
        return text(
                "select n.name from {s}.attempt a join {s}.node n on n.epoch = a.epoch where a.outcome = 0 and a.job = "
                        + job);
    }

    void awaitEpochs(String node, int count) {
        Waiting.until(
                count + " epochs of " + node,
                PATIENCE,
                () -> number("select count(*) from {s}.node where name = '" + node + "'") >= count);
    }

    void awaitDead(String node) {
        Waiting.until(
                node + " is dead",
                PATIENCE,
                () -> number("select count(*) from {s}.node where ended is null and name = '" + node + "'") == 0);
    }

    /** Waits until a session of that program waits for a lock in a statement like this. */
    void awaitBlocked(String program, String statementLike) {
        Waiting.until(program + " waits for a lock", PATIENCE, () -> blocked(program, statementLike) > 0);
    }

    int blocked(String program, String statementLike) {
        return number("select count(*) from pg_stat_activity where wait_event_type = 'Lock' and application_name = '"
                + program + "' and query like '" + statementLike + "'");
    }

    int openTransactions(String program) {
        return openTransactions(program, "%");
    }

    /** Those whose last statement was like this. */
    int openTransactions(String program, String statementLike) {
        return number("select count(*) from pg_stat_activity where state like 'idle in transaction%'"
                + " and application_name = '" + program + "' and query like '" + statementLike + "'");
    }

    int number(String sql) {
        return numbers(sql).getFirst().intValue();
    }

    List<Long> numbers(String sql) {
        return query(sql, rows -> rows.getLong(1));
    }

    String text(String sql) {
        return query(sql, rows -> rows.getString(1)).getFirst();
    }

    void execute(String sql) {
        try (Connection connection = site.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(in(sql));
        } catch (SQLException failed) {
            throw new IllegalStateException(sql, failed);
        }
    }

    void drop() {
        execute("set lock_timeout = '10s'; drop schema if exists {s} cascade");
    }

    /** A lock on one of the tables, held until it is closed. */
    Connection lock(String table, String mode) {
        try {
            Connection connection = site.dataSource().getConnection();
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("set local lock_timeout = '10s'");
                statement.execute(in("lock table {s}." + table + " in " + mode + " mode"));
            }
            return connection;
        } catch (SQLException failed) {
            throw new IllegalStateException("Locking " + table + " failed.", failed);
        }
    }

    @FunctionalInterface
    private interface Row<T> {
        T read(ResultSet rows) throws SQLException;
    }

    private synchronized <T> List<T> query(String sql, Row<T> row) {
        try {
            return query(reading(), sql, row);
        } catch (SQLException restarted) {
            reading = null;
            try {
                return query(reading(), sql, row);
            } catch (SQLException failed) {
                throw new IllegalStateException(sql, failed);
            }
        }
    }

    private <T> List<T> query(Connection connection, String sql, Row<T> row) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(in(sql))) {
            List<T> read = new ArrayList<>();
            while (rows.next()) {
                read.add(row.read(rows));
            }
            return read;
        }
    }

    /** Kept open, because the tests ask often; opened again where the database was restarted. */
    private Connection reading() throws SQLException {
        if (reading == null) {
            reading = site.dataSource().getConnection();
        }
        return reading;
    }

    private String in(String sql) {
        return sql.replace("{s}", site.schema());
    }

    private static String list(List<Long> jobs) {
        return jobs.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }
}

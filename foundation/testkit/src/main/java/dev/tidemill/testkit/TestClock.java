package dev.tidemill.testkit;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import javax.sql.DataSource;

/**
 * The clock of one schema, in the test's hand: it stands still until it is moved. Tidemill takes every time from its
 * schema's function {@code now_micros}, which is replaced by one that asks this clock, so delays, retries, deadlines and
 * what else depends on time follow it, in every process on the schema. Nodes at work are not taken for dead when it is
 * moved. Thread safe.
 *
 * <p>The application's own clock is not touched: give it an {@code InstantSource} that is {@link #now}.
 */
public final class TestClock {
    private static final Instant EARLIEST = Instant.parse("2000-01-01T00:00:00Z");
    private static final Instant LATEST = Instant.parse("2200-01-01T00:00:00Z");

    private final DataSource dataSource;
    private final String schema;

    private TestClock(DataSource dataSource, String schema) {
        this.dataSource = dataSource;
        this.schema = schema;
    }

    /**
     * Takes the clock of a schema that Tidemill has made, and stops it. {@link TestMill} has done so already.
     *
     * @param schema a throw-away one: there is no way back
     */
    public static TestClock install(DataSource dataSource, String schema) {
        TestClock clock = new TestClock(dataSource, schema);
        clock.execute(
                "create table if not exists {schema}.test_clock (stopped bigint, ahead bigint not null)",
                "insert into {schema}.test_clock select {schema}.now_micros(), 0"
                        + " where not exists (select from {schema}.test_clock)",
                """
                create or replace function {schema}.now_micros() returns bigint language sql volatile as $$
                    select coalesce(c.stopped, (extract(epoch from clock_timestamp()) * 1000000)::bigint + c.ahead)
                      from {schema}.test_clock c $$""");
        return clock;
    }

    /** The time by this clock, to the microsecond. */
    public Instant now() {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(named("select {schema}.now_micros()"))) {
            rows.next();
            return Instant.EPOCH.plus(rows.getLong(1), ChronoUnit.MICROS);
        } catch (SQLException failed) {
            throw new IllegalStateException("The test's clock cannot be read: " + failed.getMessage(), failed);
        }
    }

    /** Moves it on by this much, 0 or more. */
    public void advance(Duration by) {
        if (by.isNegative()) {
            throw new IllegalArgumentException(
                    "The clock was to advance by " + by + "; it advances by 0 or more. set() turns it back.");
        }
        move(by);
    }

    /** Sets it to this moment, between the years 2000 and 2200; better before anything is enqueued if that is the past. */
    public void set(Instant moment) {
        if (moment.isBefore(EARLIEST) || moment.isAfter(LATEST)) {
            throw new IllegalArgumentException(
                    "The clock was to be set to " + moment + "; give a moment between the years 2000 and 2200.");
        }
        move(Duration.between(now(), moment));
    }

    /** Lets it run on by itself from where it stands. */
    public void run() {
        execute("update {schema}.test_clock set stopped = null, ahead = stopped"
                + " - (extract(epoch from clock_timestamp()) * 1000000)::bigint where stopped is not null");
    }

    /** Stops it where it is. */
    public void stop() {
        execute("update {schema}.test_clock set stopped = {schema}.now_micros()");
    }

    private void move(Duration by) {
        long micros = by.getSeconds() * 1_000_000L + by.getNano() / 1_000L;
        // The sign of life moves along, else the living would have been silent for all that time.
        execute(
                "update {schema}.test_clock set stopped = stopped + " + micros + ", ahead = ahead + " + micros,
                "update {schema}.node set heartbeat = heartbeat + " + micros + " where ended is null",
                "update {schema}.rollup set at = at + " + micros);
    }

    private void execute(String... statements) {
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            for (String sql : statements) {
                try (PreparedStatement statement = connection.prepareStatement(named(sql))) {
                    statement.execute();
                }
            }
            connection.commit();
            connection.setAutoCommit(true);
        } catch (SQLException failed) {
            throw new IllegalStateException("The test's clock cannot be moved: " + failed.getMessage(), failed);
        }
    }

    private String named(String sql) {
        return sql.replace("{schema}", '"' + schema.replace("\"", "\"\"") + '"');
    }
}

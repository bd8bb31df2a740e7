package dev.tidemill.testkit;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.HandMill.Ran;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;

/**
 * An application's jobs in a test: a real PostgreSQL, a schema that lives as long as this object, jobs that run when the
 * test says so, in the test's thread, and a clock that stands still until the test moves it. What runs is the engine
 * itself. Bound to no test framework; {@link FreshMill} gives one to each JUnit test.
 *
 * <pre>{@code
 * try (TestMill mill = TestMill.start(jobs -> jobs.handle(SendWelcome.class, welcome))) {
 *     shop(mill.tidemill()).signUp("ada@example.com");
 *     mill.assertThatEnqueued(SendWelcome.class).hasSize(1);
 *     mill.runDue().allSucceeded();
 *     mill.clock().advance(ofHours(3));
 *     mill.runDue(AskForReview.class).succeeded(1);
 * }
 * }</pre>
 *
 * <p>For one thread, as tests are.
 */
public final class TestMill implements AutoCloseable {
    private static final int DUE_LIMIT = 10_000;
    private static final int LIST_LIMIT = 1_000;

    private final DataSource dataSource;
    private final String schema;
    private final HandMill hand;
    private final TestClock clock;

    private TestMill(DataSource dataSource, String schema, HandMill hand) {
        this.dataSource = dataSource;
        this.schema = schema;
        this.hand = hand;
        this.clock = TestClock.install(dataSource, schema);
    }

    /** In a new schema of the embedded PostgreSQL that all tests of this JVM share. */
    public static TestMill start(UnaryOperator<TidemillBuilder> jobs) {
        return start(new FarawayDataSource(TestServer.shared().dataSource()), jobs);
    }

    /**
     * In a new schema of your database, where your own tables are.
     *
     * @param dataSource a user of it may create schemas
     * @param jobs tells handlers and options, as the application does; the schema is set afterwards
     */
    public static TestMill start(DataSource dataSource, UnaryOperator<TidemillBuilder> jobs) {
        String schema = Schemas.name("mill");
        HandMill hand = jobs.apply(Tidemill.on(dataSource)).schema(schema).startByHand();
        try {
            return new TestMill(dataSource, schema, hand);
        } catch (RuntimeException failed) {
            hand.close();
            throw failed;
        }
    }

    /** What the application under test is given. */
    public Tidemill tidemill() {
        return hand.tidemill();
    }

    /** The database, for what the application itself keeps there. */
    public DataSource dataSource() {
        return dataSource;
    }

    /** The schema of Tidemill's tables; the application's may go there too, and go with it. */
    public String schema() {
        return schema;
    }

    /** The clock that all jobs go by. */
    public TestClock clock() {
        return clock;
    }

    /**
     * Runs everything that is due now, also what the handlers enqueue for now, in this thread. Retries wait for their
     * backoff as ever: advance the clock.
     *
     * @throws AssertionError after 10,000 jobs, since handlers then seem to enqueue without end
     */
    public JobRuns runDue() {
        return new JobRuns(runDue(new ArrayList<>(), DUE_LIMIT, Optional.empty()));
    }

    /** As {@link #runDue()}, jobs of this class alone. */
    public JobRuns runDue(Class<?> type) {
        return new JobRuns(runDue(new ArrayList<>(), DUE_LIMIT, Optional.of(hand.kinds(type))));
    }

    /** As {@link #runDue()}, jobs of this kind alone. */
    public JobRuns runDue(String kind) {
        return new JobRuns(runDue(new ArrayList<>(), DUE_LIMIT, Optional.of(Set.of(kind))));
    }

    /**
     * Runs what is due, sets the clock to when the next job is due, and so on until no job waits any more: delayed jobs
     * and every retry included.
     *
     * @param maxJobs at most this many attempts, 1 or more
     * @throws AssertionError if some are left after that many
     */
    public JobRuns runUntilEmpty(int maxJobs) {
        List<Ran> runs = new ArrayList<>();
        runDue(runs, maxJobs, Optional.empty());
        for (Optional<Instant> next = hand.nextDue(); next.isPresent(); next = hand.nextDue()) {
            if (next.get().isAfter(clock.now())) {
                clock.set(next.get());
            }
            runDue(runs, maxJobs, Optional.empty());
        }
        return new JobRuns(runs);
    }

    private List<Ran> runDue(List<Ran> runs, int limit, Optional<Set<String>> kinds) {
        for (Optional<Ran> ran = next(kinds); ran.isPresent(); ran = next(kinds)) {
            runs.add(ran.get());
            if (runs.size() > limit) {
                throw new AssertionError("More than " + limit + " jobs ran and more are due; the last one was job "
                        + ran.get().job().id() + " (" + ran.get().job().kind()
                        + "). Does a handler enqueue its own kind without end, or retry for ever?");
            }
        }
        return runs;
    }

    private Optional<Ran> next(Optional<Set<String>> kinds) {
        return kinds.isPresent() ? hand.runNext(kinds.get()) : hand.runNext();
    }

    /** The jobs of a class that were enqueued and committed, oldest first, whatever became of them; at most 1,000. */
    public <T> List<EnqueuedJob<T>> enqueued(Class<T> type) {
        List<EnqueuedJob<T>> jobs = new ArrayList<>();
        for (String kind : hand.kinds(type)) {
            enqueued(kind).forEach(view -> jobs.add(new EnqueuedJob<>(hand.read(view, type), view)));
        }
        return List.copyOf(jobs);
    }

    /** The jobs of a kind that were enqueued and committed, oldest first, whatever became of them; at most 1,000. */
    public List<JobView> enqueued(String kind) {
        List<JobView> jobs = new ArrayList<>();
        for (long id : ids(kind)) {
            tidemill().job(id).ifPresent(jobs::add);
        }
        return List.copyOf(jobs);
    }

    /** Begins to say what must have been enqueued. */
    public <T> EnqueuedAssert<T> assertThatEnqueued(Class<T> type) {
        return new EnqueuedAssert<>(type.getSimpleName(), enqueued(type), counts());
    }

    private List<Long> ids(String kind) {
        List<Long> ids = new ArrayList<>();
        String sql = "select j.id from {schema}.job j join {schema}.kind k on k.id = j.kind where k.name = ?"
                + " order by j.created, j.id limit " + LIST_LIMIT;
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql.replace("{schema}", schema))) {
            statement.setString(1, kind);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    ids.add(rows.getLong(1));
                }
            }
            return ids;
        } catch (SQLException failed) {
            throw new IllegalStateException("The jobs cannot be listed: " + failed.getMessage(), failed);
        }
    }

    private String counts() {
        String sql = "select k.name, count(*) from {schema}.job j join {schema}.kind k on k.id = j.kind"
                + " group by k.name order by k.name limit 20";
        try (Connection connection = dataSource.getConnection();
                PreparedStatement statement = connection.prepareStatement(sql.replace("{schema}", schema));
                ResultSet rows = statement.executeQuery()) {
            StringJoiner counts = new StringJoiner(", ");
            while (rows.next()) {
                counts.add(rows.getLong(2) + " " + rows.getString(1));
            }
            return counts.toString();
        } catch (SQLException failed) {
            throw new IllegalStateException("The jobs cannot be counted: " + failed.getMessage(), failed);
        }
    }

    /** Stops, and drops the schema with all it holds. */
    @Override
    public void close() {
        hand.close();
        try {
            Schemas.drop(dataSource, schema);
        } catch (SQLException failed) {
            throw new IllegalStateException(
                    "Schema " + schema + " cannot be dropped, so something the test left open holds it: "
                            + failed.getMessage(),
                    failed);
        }
    }
}

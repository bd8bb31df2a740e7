package dev.tidemill.jobs;

import dev.tidemill.jobs.engine.Crank;
import dev.tidemill.jobs.engine.Engine;
import dev.tidemill.jobs.engine.Registry;
import dev.tidemill.jobs.engine.Settings;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * A mill turned by hand: nothing happens by itself, its owner runs the jobs one after the other, in the owner's thread.
 * Jobs are claimed, run, retried and written as ever. For tests, where {@code TestMill} of tidemill-testkit builds on
 * it, and for programs that run what is due and end, or only look and decide.
 *
 * <p>Order is the same every time: queue by queue by name, in a queue strictly by priority, then by deadline, then as
 * enqueued. For one thread at a time. A hand that rests longer than other processes wait for a heartbeat is taken for
 * dead by them, and the next job is then claimed under a new epoch; so is one whose job takes that long, unless it was
 * run by {@link #runDue}.
 */
public final class HandMill implements AutoCloseable {
    private final Tidemill tidemill;
    private final Registry registry;
    private final Crank crank;

    HandMill(DataSource dataSource, Registry registry, Settings settings) {
        Engine engine = Engine.byHand(dataSource, registry, settings);
        this.tidemill = new Tidemill(dataSource, engine);
        this.registry = registry;
        this.crank = engine.crank();
    }

    /**
     * What became of one attempt.
     *
     * @param job the job as it stands now
     * @param attempt the attempt
     * @param error what the handler, or reading the payload, threw; null if nothing
     */
    public record Ran(
            JobView job, AttemptView attempt, @Nullable Throwable error) {
        /** Whether the attempt succeeded. */
        public boolean succeeded() {
            return attempt.outcome() == AttemptOutcome.SUCCEEDED;
        }
    }

    /** The mill that applications enqueue into and ask. Closing it closes this one too. */
    public Tidemill tidemill() {
        return tidemill;
    }

    /**
     * Runs the next job that is due and that this mill handles; empty if there is none.
     *
     * @throws IllegalStateException if called by a handler
     */
    public Optional<Ran> runNext() {
        return crank.runNext(registry.handledKinds());
    }

    /** Runs the next job of these kinds; empty if none is due, or none of the kinds is handled here. */
    public Optional<Ran> runNext(Set<String> kinds) {
        return crank.runNext(kinds);
    }

    /**
     * Runs the next due jobs that this mill handles, one after the other, until there is none, or so many ran, or that time
     * is over; the last one begun is waited for. While they run a thread tells the others that this process lives, so that a
     * job may take longer than they wait for a heartbeat.
     *
     * @param most how many, at least 1
     * @param within after which none is begun, at least 0
     * @throws IllegalStateException if called by a handler
     */
    public List<Ran> runDue(int most, Duration within) {
        return crank.runDue(registry.handledKinds(), most, within);
    }

    /** When the next delayed or retried job is due, by the database's clock; empty if none waits. */
    public Optional<Instant> nextDue() {
        return crank.nextDue();
    }

    /** The kinds of a job class: the one it is enqueued under, and the former ones its handler also takes. */
    public Set<String> kinds(Class<?> type) {
        return registry.kindsOf(type);
    }

    /**
     * The job object of a job.
     *
     * @throws TidemillException {@link ErrorCode#PAYLOAD_UNREADABLE} if the class cannot be read from its payload
     */
    public <T> T read(JobView job, Class<T> type) {
        return registry.read(job.payload(), type);
    }

    /** Leaves the database in order. Closing twice does nothing. */
    @Override
    public void close() {
        tidemill.close();
    }
}

package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a drained node from work. That it claims nothing is seen to by the database, which refuses claims made under
 * former rules; here is seen to what it has in stock: that goes back, and is tried until it is known to have gone, since
 * a job whose return may have been committed must not start here. Looked for once a second, and when a signal comes.
 *
 * <p>For the claiming thread alone, but for {@link #look}.
 */
final class Drain {
    private static final Logger LOG = LoggerFactory.getLogger(Drain.class);
    private static final long LOOK_EVERY_NANOS = 1_000_000_000L;

    private final Function<EpochWork, List<ClaimedJob>> stock;
    private final Finisher finisher;
    private final Consumer<List<Hint>> committed;
    private volatile boolean lookNow = true;
    private long lookedNanos;
    private boolean drained;
    private @Nullable EpochWork owner;
    private List<ClaimedJob> returning = List.of();

    Drain(Function<EpochWork, List<ClaimedJob>> stock, Finisher finisher, Consumer<List<Hint>> committed) {
        this.stock = stock;
        this.finisher = finisher;
        this.committed = committed;
    }

    /** Makes the next turn look. Thread safe. */
    void look() {
        lookNow = true;
    }

    /** Whether the node is to claim nothing now; what it had in stock is given back by then. */
    boolean holds(EpochWork epoch) {
        if (owner != epoch) {
            // What the former epoch held was returned when it was closed.
            owner = epoch;
            returning = List.of();
        }
        if (lookNow || System.nanoTime() - lookedNanos >= LOOK_EVERY_NANOS) {
            lookNow = false;
            boolean now = epoch.place().drained();
            lookedNanos = System.nanoTime();
            if (now != drained) {
                LOG.info(now ? "This node is drained: it claims nothing more." : "This node claims again.");
            }
            drained = now;
        }
        if (drained && returning.isEmpty()) {
            returning = stock.apply(epoch);
        }
        if (!returning.isEmpty()) {
            epoch.place().giveBack(returning);
            finisher.givenBack(epoch, returning);
            committed.accept(returning.stream()
                    .map(job -> new Hint(job.queue(), job.priority(), job.startByMicros(), 0))
                    .toList());
            returning = List.of();
        }
        return drained;
    }
}

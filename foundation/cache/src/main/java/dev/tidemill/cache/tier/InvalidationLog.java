package dev.tidemill.cache.tier;

import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where invalidations are written, and from where every node replays them. Thread safe. Every call is bounded in time
 * and throws a {@link RuntimeException} when the log does not answer.
 */
public interface InvalidationLog extends AutoCloseable {
    /**
     * What took effect between two positions.
     *
     * @param position up to where this goes
     * @param news every invalidation that the former position did not see and this one does
     * @param complete false if some may be missing, because they were forgotten or a new life began: what was cached
     *     before counts for nothing
     * @param forgottenBelow below which stamp the log may have forgotten some
     */
    record Look(Position position, List<Invalidation> news, boolean complete, long forgottenBelow) {}

    /**
     * Looks for what is new.
     *
     * @param since where the last look ended; null to learn the position of now, with whatever the log still has if
     *     {@code remembering}
     * @param remembering whether the first look is to return what the log has
     */
    Look look(@Nullable Position since, boolean remembering);

    /** Writes in a transaction of its own; returns the stamp, once they have taken effect. */
    long append(String cache, List<Target> targets);

    /**
     * Writes in the caller's transaction: they take effect when it commits, and never if it does not.
     *
     * @throws UnsupportedOperationException if this log is not in that database
     */
    void append(Connection connection, String cache, List<Target> targets);

    /** A position that {@link Position#text} wrote. */
    Position read(String text);

    /** Wakes up who waits on other nodes. May be lost. */
    void call();

    /** Waits for a call, for at most so long. */
    void await(Duration timeout) throws InterruptedException;

    /** What upkeep there is to do: forget what nobody needs any more. */
    void tidy();

    @Override
    void close();
}

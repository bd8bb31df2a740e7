package dev.tidemill.cache;

import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.Target;
import java.sql.Connection;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** How a cache says that something is no longer true; {@link Caches} knows where that is written. */
interface Invalidator {
    /** Writes it, carries it out here, and wakes the others; returns its stamp. */
    long append(Cache<?, ?> cache, List<Target> targets);

    /** Writes it in somebody's transaction; everybody, this process included, learns of it by looking. */
    void append(Connection connection, Cache<?, ?> cache, List<Target> targets);

    /** A position of now; null if there is no log. */
    @Nullable
    Position position();

    /** Refuses when the caches are closed. */
    void checkOpen();
}

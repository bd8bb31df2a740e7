package dev.tidemill.jobs;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Which queues {@link Tidemill#stats(QueuePage)} tells of, by name.
 *
 * @param only this one alone; null for all
 * @param after from the one after this name on; empty for the first page
 * @param limit how many at most, 1 or more
 * @param also queues that are listed even if there is nothing to tell of them
 */
public record QueuePage(@Nullable String only, String after, int limit, Set<String> also) {
    /** All of them, however many that are. */
    public static final QueuePage ALL = after("", Integer.MAX_VALUE);

    public QueuePage {
        also = Set.copyOf(also);
        if (limit < 1) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, limit + " queues were asked for; it must be 1 or more.");
        }
    }

    /** A page of all. */
    public static QueuePage after(String name, int limit) {
        return new QueuePage(null, name, limit, Set.of());
    }

    /** One queue. */
    public static QueuePage of(String name) {
        return new QueuePage(name, "", 1, Set.of());
    }

    /** The same, with these although there may be nothing to tell of them. */
    public QueuePage also(Set<String> names) {
        return new QueuePage(only, after, limit, names);
    }
}

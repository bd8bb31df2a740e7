package dev.tidemill.jobs;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * How long history stays: to look at, and to change while everybody works. Stored in the schema, for all its processes;
 * a process that starts with {@link TidemillBuilder#history} or {@link HandlerOptions#keep} says it anew. Thread safe.
 */
public interface Retention {
    /** How it stands. */
    View view();

    /**
     * Keeps all history so long, at least.
     *
     * @param age 1 hour to ten years
     * @param by who, for the audit trail; 1 to 100 characters
     */
    void keep(Duration age, String by);

    /**
     * Keeps more of a kind, at least; with zeros no more than of others.
     *
     * @param by who, for the audit trail; 1 to 100 characters
     */
    void keep(String kind, Keep keep, String by);

    /** The age if it is within its bounds; the error says what they are. */
    static Duration validAge(Duration age) {
        if (age.compareTo(Duration.ofHours(1)) < 0 || age.compareTo(Keep.LONGEST) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "History is to be kept for " + age + "; it must be between 1 hour and " + Keep.LONGEST.toDays()
                            + " days.");
        }
        return age;
    }

    /**
     * What is kept, and in which parts it lies.
     *
     * @param age how long all history stays, at least
     * @param kinds what single kinds ask for beyond that, by name
     * @param parts the partitions there are, by family and number; those that leave first come first
     */
    record View(Duration age, Map<String, Keep> kinds, List<Part> parts) {
        public View {
            kinds = Map.copyOf(kinds);
            parts = List.copyOf(parts);
        }
    }

    /**
     * A partition of the tables that leave together.
     *
     * @param family {@code job} (bodies, tags, results, lines), {@code attempt}, or {@code kept} (what stayed of others)
     * @param number which, counted up
     * @param opened since when its numbers are handed out; null if they are not yet
     * @param left since when nothing new comes to it; null if something may
     * @param step how far it is in leaving
     */
    record Part(
            String family,
            long number,
            @Nullable Instant opened,
            @Nullable Instant left,
            Step step) {}

    /** How far a partition is in leaving. */
    enum Step {
        /** In use, or not old enough. */
        STAYS,
        /** Its numbers are void. */
        VOID,
        /** What must stay is listed. */
        LISTED,
        /** What must stay is copied; it is taken off and dropped next. */
        COPIED
    }
}

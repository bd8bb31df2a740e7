package dev.tidemill.postgres;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A way through one of the places where jobs are, by one of that place's keys. Which ways a search takes follows from
 * its filter: by the tag, which is an index by itself; else by where jobs of that state are; else through all bodies.
 *
 * <p>An index over the bodies by kind, queue or key would make rare ones quick to find, and every enqueue dearer; so a
 * search for those of any state reads on through the others, a page at a time.
 */
enum SearchWalk {
    BODIES(0, "search_bodies", 1, Criterion.KIND, Criterion.QUEUE, Criterion.KEY, Criterion.TIME),
    BODIES_KEPT(1, "search_kept", 1, Criterion.KIND, Criterion.QUEUE, Criterion.KEY, Criterion.TIME),
    TAGS(2, "search_tags", 1, Criterion.TAG),
    TAGS_KEPT(3, "search_tags_kept", 1, Criterion.TAG),
    READY(4, "search_ready", 4, Criterion.KIND, Criterion.QUEUE, Criterion.KEY, Criterion.STATE),
    PARKED(5, "search_parked", 1, Criterion.KIND, Criterion.QUEUE, Criterion.KEY, Criterion.STATE),
    SCHEDULED(6, "search_scheduled", 1, Criterion.KIND, Criterion.QUEUE, Criterion.KEY, Criterion.STATE),
    RUNNING(7, "search_running", 2, Criterion.STATE),
    DEAD(8, "search_dead", 2, Criterion.KIND, Criterion.QUEUE, Criterion.CODE, Criterion.ERROR, Criterion.STATE),
    DISCARDED(
            9,
            "search_discarded",
            1,
            Criterion.KIND,
            Criterion.QUEUE,
            Criterion.CODE,
            Criterion.ERROR,
            Criterion.STATE),
    TO_CANCEL(10, "search_to_cancel", 1, Criterion.STATE),
    CANCELLED(11, "search_cancelled", 1, Criterion.STATE),
    CANCELLED_KEPT(12, "search_cancelled_kept", 1, Criterion.STATE),
    SUCCEEDED(13, "search_succeeded", 2, Criterion.STATE),
    SUCCEEDED_KEPT(14, "search_succeeded_kept", 2, Criterion.STATE),
    FAILED(15, "search_failed", 3, Criterion.ERROR),
    FAILED_KEPT(16, "search_failed_kept", 3, Criterion.ERROR);

    /** What a filter may ask for. */
    enum Criterion {
        KIND,
        QUEUE,
        KEY,
        TAG,
        TIME,
        CODE,
        ERROR,
        STATE
    }

    private final int code;
    private final String statement;
    private final int numbers;

    @SuppressWarnings("ImmutableEnumChecker") // Set.copyOf makes sets that do not change.
    private final Set<Criterion> covered;

    SearchWalk(int code, String statement, int numbers, Criterion first, Criterion... others) {
        this.code = code;
        this.statement = statement;
        this.numbers = numbers;
        this.covered = Set.copyOf(EnumSet.of(first, others));
    }

    /** Its number in cursors. */
    int code() {
        return code;
    }

    /** The one with this number among some. */
    static Optional<SearchWalk> ofCode(int code, List<SearchWalk> walks) {
        return walks.stream().filter(walk -> walk.code == code).findFirst();
    }

    /** The name of the statement for a page of it. */
    String statement() {
        return statement;
    }

    /** How many numbers a position on it has. */
    int numbers() {
        return numbers;
    }

    /** What is still to be asked about the jobs met on it. */
    Set<Criterion> open(JobFilter filter) {
        Set<Criterion> asked = asked(filter);
        asked.removeAll(covered);
        return asked;
    }

    /** Where it begins. */
    List<Long> start(@Nullable Integer queue) {
        if (this == READY) {
            return List.of(queue == null ? 0L : queue.longValue(), -1L, Long.MIN_VALUE, Long.MIN_VALUE);
        }
        List<Long> highest = new ArrayList<>();
        for (int i = 0; i < numbers; i++) {
            highest.add(Long.MAX_VALUE);
        }
        return highest;
    }

    private static Set<Criterion> asked(JobFilter filter) {
        Set<Criterion> asked = EnumSet.noneOf(Criterion.class);
        add(asked, Criterion.KIND, filter.kind());
        add(asked, Criterion.QUEUE, filter.queue());
        add(asked, Criterion.KEY, filter.key());
        add(asked, Criterion.TAG, filter.tagName());
        add(asked, Criterion.TIME, filter.enqueuedFrom());
        add(asked, Criterion.TIME, filter.enqueuedBefore());
        add(asked, Criterion.CODE, filter.code());
        add(asked, Criterion.ERROR, filter.error());
        add(asked, Criterion.STATE, filter.state());
        return asked;
    }

    private static void add(Set<Criterion> asked, Criterion criterion, @Nullable Object value) {
        if (value != null) {
            asked.add(criterion);
        }
    }

    /** The ways that a search takes, one after the other; no job is met on two of them. */
    static List<SearchWalk> of(JobFilter filter) {
        if (filter.tagName() != null) {
            return List.of(TAGS, TAGS_KEPT);
        }
        JobState state = filter.state();
        if (state == null) {
            return anyState(filter);
        }
        return switch (state) {
            case READY -> List.of(READY, PARKED);
            case SCHEDULED -> List.of(SCHEDULED);
            case RUNNING -> List.of(RUNNING);
            case DEAD -> List.of(DEAD);
            case DISCARDED -> List.of(DISCARDED);
            case CANCELLED -> List.of(TO_CANCEL, CANCELLED, CANCELLED_KEPT);
            case SUCCEEDED ->
                // Bodies can be entered at a time.
                filter.enqueuedFrom() != null || filter.enqueuedBefore() != null
                        ? List.of(BODIES, BODIES_KEPT)
                        : List.of(SUCCEEDED, SUCCEEDED_KEPT);
        };
    }

    private static List<SearchWalk> anyState(JobFilter filter) {
        if (filter.code() != null) {
            return List.of(DEAD, DISCARDED);
        }
        return filter.error() != null ? List.of(FAILED, FAILED_KEPT) : List.of(BODIES, BODIES_KEPT);
    }
}

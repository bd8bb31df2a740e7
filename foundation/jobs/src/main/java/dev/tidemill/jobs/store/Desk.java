package dev.tidemill.jobs.store;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.DeadLetterGroup;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Minute;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.QueuePage;
import dev.tidemill.jobs.Stats;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Answers questions, and carries out what a person decides. Thread safe; every answer is bounded. */
public interface Desk {
    /** A job. */
    Optional<JobView> job(long id);

    /** The newest jobs that carry a tag, ids below {@code before}, newest first. */
    List<JobView> tagged(String name, String value, long before, int limit);

    /** How things stand, with these of the queues. */
    Stats stats(QueuePage page);

    /** What finished in each of the last minutes, oldest first and none left out; of one queue, or of all for null. */
    List<Minute> history(@Nullable String queue, int minutes);

    /** The attempts of the latest claims, newest first. */
    List<AttemptView> latestAttempts(int limit);

    /**
     * Attempts by the leases they were made under: those of leases after one, and of some before it, ordered by lease.
     * The leases that are open are those from before the attempts were read, so that what is not open by then has all
     * its attempts.
     */
    Ended ended(long afterLease, List<Long> leases, int limit);

    /** Dead letters that failed before a time, or at it and are of lower jobs than one; newest first. */
    List<DeadLetter> deadLetters(long failedMicros, long job, int limit);

    /** The newest 10,000 dead letters by kind, code and sort of error: at most 100 groups, the largest first. */
    List<DeadLetterGroup> deadLetterGroups();

    /** The dead letters of such a group, of the same newest 10,000, newest first. */
    List<Long> deadLettersAlike(String kind, String code, String error);

    /**
     * Makes dead letters ready again with fresh attempts; ids that are no dead letters are passed over.
     *
     * @param by who asked, for the audit trail
     */
    Replayed replay(List<Long> ids, Priorities priorities, String by);

    /**
     * Puts dead letters aside; ids that are no dead letters are passed over. Returns the others.
     *
     * @param by who asked, for the audit trail
     */
    List<Long> discard(List<Long> ids, String by);

    /**
     * What was replayed.
     *
     * @param ids which
     * @param hints a hint a lane
     */
    record Replayed(List<Long> ids, List<Hint> hints) {
        public Replayed {
            ids = List.copyOf(ids);
            hints = List.copyOf(hints);
        }
    }

    /**
     * Attempts that ended.
     *
     * @param newestLease the last number handed out to a lease
     * @param openLeases the leases in which something has no outcome yet, whatever was asked for
     * @param attempts what was asked for
     */
    record Ended(long newestLease, List<Long> openLeases, List<EndedAttempt> attempts) {
        public Ended {
            openLeases = List.copyOf(openLeases);
            attempts = List.copyOf(attempts);
        }
    }

    /**
     * An attempt, and its lease.
     *
     * @param lease the lease
     * @param attempt the attempt
     */
    record EndedAttempt(long lease, AttemptView attempt) {}
}

package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.KeyWeight;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;
import java.util.List;

/**
 * What steers claims: limits, pauses, cancelling. Every change is one transaction with its line in the audit trail, and
 * no claim begins under the old rules once it is committed. Thread safe. {@code by} is who asked, for that trail.
 */
public interface Control {
    /** Pauses; false if it is paused already. */
    boolean pause(Pause.Scope scope, String name, String by, String reason);

    /** Resumes. */
    Changed resume(Pause.Scope scope, String name, String by);

    /** What is paused. */
    List<Pause> pauses();

    /** Sets a limit. */
    void putLimit(Limit limit, String by);

    /** Takes a limit away; what it held back becomes ready. */
    Changed removeLimit(Limit limit, String by);

    /** The limits as they stand. */
    List<LimitView> limits();

    /** Whether the keys of a queue take turns; false if that was so before. */
    boolean share(String queue, boolean fairly, String by);

    /** The queues whose keys take turns. */
    List<String> fairQueues();

    /**
     * Gives a key of a queue so many turns; 1 is what every key has.
     *
     * @return false if the keys of the queue do not take turns, and the weight is not 1
     */
    boolean weigh(String queue, String key, int weight, String by);

    /** The keys that have more turns than others. */
    List<KeyWeight> weights();

    /** Cancels a job, or asks whoever holds it to. */
    Cancellation cancel(long job, String by);

    /**
     * What a change did.
     *
     * @param done whether there was anything to change
     * @param hints what became ready by it, a hint a lane
     */
    record Changed(boolean done, List<Hint> hints) {
        public Changed {
            hints = List.copyOf(hints);
        }
    }
}

package dev.tidemill.jobs;

import java.util.List;

/** The limits of an instance, and the queues in which keys take turns. Changes hold for claims that begin after them,
 * on every node. Thread safe. */
public interface Limits {
    /**
     * The same on behalf of somebody, in whose name changes stand in the audit trail; otherwise that is the node's.
     *
     * @param who 1 to 100 characters
     */
    Limits by(String who);

    /** Sets a limit, in place of the one on the same queue or kind that is for each key, or not, as this one is. */
    void put(Limit limit);

    /** Takes a limit away; false if there is none like it. Only scope, name and {@code perKey} are looked at. */
    boolean remove(Limit limit);

    /** The limits, with how they stand; at most 1,000. */
    List<LimitView> list();

    /**
     * Lets the keys of a queue take turns: a key with a million jobs waiting does not delay another's ten. Holds for
     * jobs enqueued, retried or due from now on; within a key, and for jobs without one, the order stays as it was.
     */
    void shareFairly(String queue);

    /** Ends what {@link #shareFairly} began; false if it was not on. */
    boolean shareByDeadline(String queue);

    /** The queues in which keys take turns. */
    List<String> fairQueues();

    /**
     * Gives a key of a fair queue more turns than others.
     *
     * @param weight 1 to 16; 1 is what every key has
     * @throws TidemillException if the keys of the queue do not take turns and the weight is not 1
     */
    void weigh(String queue, String key, int weight);

    /** The keys that have more turns than others, by queue and key; at most 10,000. They outlast the end of turns. */
    List<KeyWeight> weights();
}

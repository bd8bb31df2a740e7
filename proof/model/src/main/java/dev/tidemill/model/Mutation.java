package dev.tidemill.model;

/** A precaution taken out of the protocol. */
enum Mutation {
    /** The rescue closes the fence by an update, which FOR KEY SHARE does not keep waiting. */
    FENCE_CLOSED_BY_UPDATE,
    /** A claim does not hold the fence. */
    CLAIM_WITHOUT_FENCE,
    /** The rescue reads what the epoch owes with the snapshot from before it waited, as under REPEATABLE READ. */
    RESCUE_WITH_OLD_SNAPSHOT,
    /** A failure has its consequences whether or not its attempt row was new. */
    FINISH_WITHOUT_CONFLICT,
    /** A completion that writes no row goes on, and its caller commits. */
    COMPLETION_THAT_DOES_NOT_THROW,
    /** A node forgets a lease when the handler is through, not when the flush that ends it is written. */
    LEASE_FORGOTTEN_EARLY,
    /** Nobody compares the leases in the database with those that a node knows of. */
    NO_RECONCILIATION,
    /** The claim counts live leases in the statement that also takes the lock, so by a snapshot older than the lock. */
    LIMIT_COUNTED_IN_THE_LOCKS_STATEMENT,
    /** The claim counts live leases without a lock. */
    LIMIT_WITHOUT_LOCK,
    /** The epoch's fence is deleted without marking it as closing before, so that new holders do not stay away. */
    ONE_STEP_CLOSE,
    /** A claim does not look for requests to cancel after it has taken its jobs. */
    CLAIM_WITHOUT_LOOK_AT_CANCELS,
    /** A flush carries out cancels also for attempts that were written before, as when it is repeated. */
    CANCEL_BY_A_REPEATED_FLUSH,
    /** A completion does not hold the fence. Its attempt row has the key of the one that a rescue writes. */
    COMPLETION_WITHOUT_FENCE
}

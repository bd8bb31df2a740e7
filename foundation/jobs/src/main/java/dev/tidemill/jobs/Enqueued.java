package dev.tidemill.jobs;

/**
 * What became of an enqueue.
 *
 * @param id the job that there is now: the one enqueued, or the one that had its key
 * @param how which of them
 */
public record Enqueued(long id, How how) {
    /** How an enqueue ended. */
    public enum How {
        /** There is a new job. */
        CREATED,
        /** Another job had the key, and has got the payload. */
        REPLACED,
        /** Another job had the key and is as it was. */
        KEPT;

        /** What a number in the store's answer means. */
        public static How ofCode(int code) {
            return switch (code) {
                case 0 -> CREATED;
                case 1 -> REPLACED;
                case 2 -> KEPT;
                default -> throw new IllegalArgumentException("no enqueue ends with the number " + code);
            };
        }
    }

    /** Whether there is a new job. */
    public boolean created() {
        return how == How.CREATED;
    }
}

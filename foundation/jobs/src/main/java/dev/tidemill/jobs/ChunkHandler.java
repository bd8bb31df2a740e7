package dev.tidemill.jobs;

/**
 * The application's code for many jobs of one kind at a time. A call occupies one of the queue's handlers, whatever
 * the number of its jobs. Returning means that all of them are done, but for those that were reported otherwise by
 * {@link Chunk.Item#fail}.
 *
 * <p>Throwing fails the chunk: the jobs nothing was reported of run again at once, in halves, until the one is found
 * that fails alone; only that one has a failed attempt, and the others are done. So within an attempt the same job may
 * be handled several times: make the effects repeatable, report what is done with {@link Chunk.Item#done}, or finish
 * inside their transaction with {@link Chunk#completeIn}. A {@link Retry} is no such failure: it holds for every job of
 * the chunk that nothing was reported of.
 *
 * @param <T> the jobs' class
 */
@FunctionalInterface
public interface ChunkHandler<T> {
    /**
     * Does the jobs. The thread is interrupted when the call times out, when the node stops and its grace has passed,
     * or when the node lost its epoch.
     */
    void handle(Chunk<T> chunk) throws Exception;
}

package dev.tidemill.rules;

/**
 * The application's code for one change. Throwing means that it failed: what it did in {@link RuleRun#connection} is
 * undone, and the key goes to a job of the engine, which tries again.
 *
 * @param <T> what rows are mapped to
 */
@FunctionalInterface
public interface Reaction<T> {
    /** Reacts to a change. The thread is interrupted, and a statement under way cancelled, when it takes too long. */
    void react(Change<T> change, RuleRun run) throws Exception;
}

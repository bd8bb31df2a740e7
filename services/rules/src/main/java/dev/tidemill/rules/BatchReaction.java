package dev.tidemill.rules;

import java.util.List;

/**
 * The application's code for many changes at a time. Throwing undoes what it did and takes the batch apart, in halves,
 * until the key is found that fails alone: so a change may be given to it several times, each time but one undone.
 *
 * @param <T> what rows are mapped to
 */
@FunctionalInterface
public interface BatchReaction<T> {
    /** Reacts to these changes, in the order in which their keys were written first. Never empty. */
    void react(List<Change<T>> changes, RuleRun run) throws Exception;
}

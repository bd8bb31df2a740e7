package dev.tidemill.jobs;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/** What is done to many jobs at once. */
public sealed interface JobAction {
    /** As the audit trail and the API call it. */
    String verb();

    /** Whether it is done to dead letters; else to what waits. */
    default boolean forDeadLetters() {
        return false;
    }

    /** Waiting jobs do not start any more. What runs is left alone. */
    record Cancel() implements JobAction {
        @Override
        public String verb() {
            return "cancel";
        }
    }

    /**
     * Waiting jobs become due at another time.
     *
     * @param at when, by the database's clock; null for now, as is a time that is past
     */
    record Reschedule(@Nullable Instant at) implements JobAction {
        @Override
        public String verb() {
            return "reschedule";
        }
    }

    /**
     * Waiting jobs get another priority.
     *
     * @param priority which
     */
    record Prioritize(Priority priority) implements JobAction {
        @Override
        public String verb() {
            return "prioritize";
        }
    }

    /** Dead letters become ready again, with fresh attempts. */
    record Replay() implements JobAction {
        @Override
        public String verb() {
            return "replay";
        }

        @Override
        public boolean forDeadLetters() {
            return true;
        }
    }

    /** Dead letters are put aside for good. */
    record Discard() implements JobAction {
        @Override
        public String verb() {
            return "discard";
        }

        @Override
        public boolean forDeadLetters() {
            return true;
        }
    }
}

package dev.tidemill.jobs.store;

import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Steered;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Carries out what a person decides about jobs. Every call is one transaction, its line in the audit trail included, so
 * that none is half done. Thread safe. {@code by} is who asked.
 */
public interface Actions {
    /** Has a waiting job become due then; null, or a time that is past, is now. */
    Done reschedule(long job, @Nullable Instant at, Priorities priorities, String by);

    /** Gives a waiting job another priority. */
    Done prioritize(long job, Priority priority, Priorities priorities, String by);

    /** Makes a dead letter ready again with another payload; empty if there is none. */
    Optional<List<Hint>> replayEdited(long job, String payload, Priorities priorities, String by);

    /** Begins an action over many. Nothing is done, and nothing is held, before its first step. */
    Steps begin(Order order);

    /**
     * An action over many under way, which may hold a connection from its first step until it is closed. Each step is a
     * transaction. For one thread.
     */
    interface Steps extends AutoCloseable {
        /**
         * Does a step: up to a thousand jobs looked at.
         *
         * @param from where the step before ended; null to begin
         * @param most how many jobs at most
         * @param dryRun whether it only counts
         */
        Step next(@Nullable Progress from, int most, boolean dryRun);

        /** Gives back what it holds. What was done stays done. */
        @Override
        void close();
    }

    /**
     * What came of an action on one job.
     *
     * @param hints what may be claimed by it, or will be
     */
    record Done(Steered said, List<Hint> hints) {
        public Done {
            hints = List.copyOf(hints);
        }
    }

    /** What is done to which jobs, and for whom. */
    record Order(JobFilter filter, JobAction action, Priorities priorities, String by) {}

    /**
     * Where a step ended.
     *
     * @param place which table
     * @param position where in it, as the store sees it
     * @param line the line in the audit trail; 0 while there is none
     * @param count how many jobs so far
     */
    record Progress(int place, List<Long> position, long line, long count) {
        public Progress {
            position = List.copyOf(position);
        }
    }

    /**
     * What a step did.
     *
     * @param fitting how many jobs fitted, {@code most} at most
     * @param hints what may be claimed by it, or will be
     * @param progress where it ended
     * @param through whether nothing is left to look at
     */
    record Step(int fitting, List<Hint> hints, Progress progress, boolean through) {
        public Step {
            hints = List.copyOf(hints);
        }
    }
}

package dev.tidemill.jobs;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where traces of jobs are kept: told when jobs are enqueued and when a handler works on them, it says which trace the
 * jobs carry on, from the process that enqueues to the one that runs. {@code dev.tidemill:tidemill-tracing} has one for
 * OpenTelemetry.
 *
 * <p>A trace is text here: a W3C {@code traceparent} and, after a space, its {@code tracestate} if there is one. What an
 * implementation throws is logged once and breaks no job. Implementations are thread safe.
 */
public interface Tracing {
    /** Begins an enqueue, in the caller's thread. */
    Sending send(Parcel parcel);

    /** Begins a call of a handler, in the handler's thread. */
    Handling handle(Task task);

    /**
     * What is to be enqueued.
     *
     * @param kind the kind of all the jobs; null if they differ
     * @param queue the queue of all the jobs; null if they differ
     * @param jobs how many, at least one
     * @param trace the trace that the caller wants continued; null for the one that surrounds the call
     */
    record Parcel(
            @Nullable String kind,
            @Nullable String queue,
            int jobs,
            @Nullable String trace) {}

    /**
     * What a handler is called with.
     *
     * @param kind the jobs' kind
     * @param queue their queue
     * @param node the name of this process
     * @param chunk whether the handler takes many at a time
     * @param jobs at least one; one unless the handler takes many
     */
    record Task(String kind, String queue, String node, boolean chunk, List<Member> jobs) {
        public Task {
            jobs = List.copyOf(jobs);
        }
    }

    /**
     * A job that a handler is called with.
     *
     * @param id the job
     * @param attempt which attempt this is, from 1
     * @param trace what it was enqueued with; null for none
     */
    record Member(long id, int attempt, @Nullable String trace) {}

    /** An enqueue under way. One of {@link #sent} and {@link #failed} is called once, in the thread that began it. */
    interface Sending {
        /** What the jobs carry on; null to leave them what they had. */
        @Nullable
        String trace();

        /** The jobs were written; in a transaction of the caller's they may still be rolled back. */
        void sent(List<Long> ids);

        /** They were not. */
        void failed(Throwable failure);
    }

    /** A call of a handler under way. */
    interface Handling {
        /** What jobs enqueued by the handler, and its calls to others, continue; null for none. */
        @Nullable
        String trace();

        /** Makes it the surrounding trace of the calling thread until the scope is closed, in that thread. */
        Scope enter();

        /**
         * The call is over.
         *
         * @param outcome what came of the attempt; null if others know, since its node had lost it
         * @param failure what the handler threw; null if it returned
         */
        void end(@Nullable AttemptOutcome outcome, @Nullable Throwable failure);
    }

    /** Ends what {@link Handling#enter} began. */
    interface Scope extends AutoCloseable {
        @Override
        void close();
    }
}

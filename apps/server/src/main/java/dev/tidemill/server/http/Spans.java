package dev.tidemill.server.http;

import java.util.Optional;

/** Where requests are traced. Implementations are thread safe, and throw nothing. */
public interface Spans {
    /** Traces nothing. */
    Spans NONE = (call, pattern) -> Span.NONE;

    /**
     * Begins a request, in the thread that answers it.
     *
     * @param pattern of the route's path; empty if there is no such route
     */
    Span begin(Call call, String pattern);

    /** A request that is being answered. */
    interface Span {
        /** One of which nothing is kept. */
        Span NONE = new Span() {
            @Override
            public Optional<String> trace() {
                return Optional.empty();
            }

            @Override
            public void end(int status) {
                // There is nothing to end.
            }
        };

        /** What is enqueued by it carries on: a {@code traceparent} and, after a space, its {@code tracestate}. */
        Optional<String> trace();

        /**
         * It is answered; called once, in the thread that began it.
         *
         * @param status of the answer; 0 if there was none, or one that goes on piece by piece
         */
        void end(int status);
    }
}

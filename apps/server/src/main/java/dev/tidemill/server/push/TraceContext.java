package dev.tidemill.server.push;

import org.jspecify.annotations.Nullable;

/**
 * The trace that a job carries on, in the two parts that W3C trace context sends it in. A job keeps them as one text, with a
 * space between them.
 *
 * @param parent the {@code traceparent}; null if there is no trace
 * @param state the {@code tracestate}; null if there is none
 */
record TraceContext(@Nullable String parent, @Nullable String state) {
    /** The parts of what a job keeps. */
    static TraceContext of(@Nullable String trace) {
        int blank = trace == null ? -1 : trace.indexOf(' ');
        return trace == null || blank < 0
                ? new TraceContext(trace, null)
                : new TraceContext(trace.substring(0, blank), trace.substring(blank + 1));
    }
}

package dev.tidemill.jobs;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Why a job is not running, or where it is if it is.
 *
 * @param jobId the job
 * @param kind its kind
 * @param queue its queue
 * @param priority its priority
 * @param state where it is
 * @param reasons what keeps it there, the decisive one first; never empty
 */
public record Why(long jobId, String kind, String queue, Priority priority, JobState state, List<Reason> reasons) {
    public Why {
        reasons = List.copyOf(reasons);
    }

    /** As the HTTP API and the command line write it: names in snake case; texts, whole numbers, truth values and lists. */
    public Map<String, Object> asMap() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", jobId);
        map.put("kind", kind);
        map.put("queue", queue);
        map.put("priority", priority.name());
        map.put("state", state.name());
        map.put("reasons", reasons.stream().map(Reason::asMap).toList());
        return map;
    }

    /**
     * One reason.
     *
     * @param cause which
     * @param text the reason in a sentence
     * @param figures the same as figures by name, in an order: whole numbers, texts and truth values
     * @param remedy what would make it run; empty if there is nothing to do
     */
    public record Reason(Cause cause, String text, Map<String, Object> figures, String remedy) {
        public Reason {
            figures = Collections.unmodifiableMap(new LinkedHashMap<>(figures));
        }

        private Map<String, Object> asMap() {
            Map<String, Object> map = new LinkedHashMap<>();
            map.put("code", cause.name());
            map.put("text", text);
            map.put("figures", figures);
            map.put("remedy", remedy);
            return map;
        }
    }

    /** Stable codes of reasons. */
    public enum Cause {
        /** It succeeded. */
        FINISHED,
        /** Somebody cancelled it. */
        CANCELLED,
        /** It is a dead letter. */
        DEAD_LETTER,
        /** It was a dead letter, and a person put it aside. */
        DISCARDED,
        /** It waits for its time: delayed. */
        DELAYED,
        /** It waits for its time: between two attempts. */
        BETWEEN_ATTEMPTS,
        /** Its time has come, and nobody moves due jobs. */
        OVERDUE,
        /** It is running. */
        RUNNING,
        /** A node holds it that does not say any more that it lives. */
        NODE_SILENT,
        /** It is in nobody's hands: its node has left. */
        ORPHANED,
        /** It, its queue, its kind or its key is paused. */
        PAUSED,
        /** Something it depends on does not work for now, or a person said so. */
        BREAKER_OPEN,
        /** A limit on its queue or kind is used up, and it waits there for its turn. */
        LIMITED,
        /** No process is at work. */
        NO_NODE,
        /** No living node handles its kind. */
        KIND_UNHANDLED,
        /** No living node that handles its kind works on its queue. */
        QUEUE_UNWORKED,
        /** The nodes that could run it are drained. */
        NODES_DRAINED,
        /** It is an off-peak job, and the window is closed. */
        OUTSIDE_WINDOW,
        /** Others of its priority go first. */
        BEHIND,
        /** It is next in its lane: the nodes that could run it are busy, or about to take it. */
        NEXT
    }
}

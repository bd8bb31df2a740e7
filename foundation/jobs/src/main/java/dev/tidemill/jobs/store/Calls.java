package dev.tidemill.jobs.store;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a node's calls to dependencies came to, told under its epoch. Thread safe. */
public interface Calls {
    /** Adds to the counts, ends probes, and returns the breakers that are open or have failures counted. */
    List<State> tell(List<Count> counts, List<Probe> probes);

    /**
     * What calls came to since this node told last.
     *
     * @param breaker whose
     * @param failures how many failed
     * @param trailing how many of those after the last success
     * @param successes how many did not fail
     * @param error the last failure; null for none
     */
    record Count(
            String breaker,
            int failures,
            int trailing,
            int successes,
            @Nullable String error) {}

    /**
     * A probe that is through.
     *
     * @param lease its job's lease
     * @param job its job
     * @param result what it found
     * @param down who is down, if somebody is
     * @param error how that showed; null if nobody is
     */
    record Probe(
            long lease,
            long job,
            Result result,
            @Nullable String down,
            @Nullable String error) {}

    /** What a probe found. */
    enum Result {
        /** It is back. */
        UP(0),
        /** It is not. */
        DOWN(1),
        /** The job failed for another reason, or did not end. */
        UNTOLD(2);

        private final int code;

        Result(int code) {
            this.code = code;
        }

        /** The number it has in storage. */
        public int code() {
            return code;
        }
    }

    /**
     * A breaker.
     *
     * @param name which
     * @param open whether it is open
     * @param failing whether failures are counted since the last success
     */
    record State(String name, boolean open, boolean failing) {}
}

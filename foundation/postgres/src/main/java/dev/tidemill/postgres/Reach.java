package dev.tidemill.postgres;

import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/** A choice of kinds that claims are for, and how far they got. For the claiming thread alone, but for {@link #hint}. */
final class Reach {
    private static final long REST_NANOS = 20_000_000L;
    private static final long PROBE_NANOS = 200_000_000L;

    final int[] kindIds;
    final Lanes plain;
    final Lanes limitedQueues;
    final Lanes limitedKinds;
    final Rest queuesRest = new Rest();
    final Rest kindsRest = new Rest();
    final Rest plainRest = new Rest();
    boolean plainFlow;
    boolean limitedFlow;
    boolean kindsFirst;
    long probedNanos = System.nanoTime() - PROBE_NANOS;

    /** Of these kinds; nothing is known of what has an earlier deadline than now. */
    Reach(int[] kindIds, long nowMicros, long[] within) {
        this.kindIds = kindIds;
        this.plain = new Lanes(nowMicros, within);
        this.limitedQueues = new Lanes(nowMicros, within);
        this.limitedKinds = new Lanes(nowMicros, within);
    }

    void hint(Hint hint) {
        endRests();
        plain.hint(hint);
        limitedQueues.hint(hint);
        limitedKinds.hint(hint);
    }

    private void endRests() {
        queuesRest.end();
        kindsRest.end();
        plainRest.end();
    }

    void lookEverywhere() {
        endRests();
        plain.lookEverywhere();
        limitedQueues.lookEverywhere();
        limitedKinds.lookEverywhere();
    }

    boolean probeIsDue() {
        return System.nanoTime() - probedNanos >= PROBE_NANOS;
    }

    /**
     * Keeps a claim that found nothing from being sent again with each claim of the other sort, of which there may be a
     * hundred a second: plain jobs should not pay for limits, nor limited ones for plain queues that are empty.
     */
    static final class Rest {
        private long untilNanos = System.nanoTime();
        private Set<String> queues = Set.of();
        private long ends;

        /**
         * This claim; or nothing where others flow, and the last such claim found nothing in these queues a moment ago,
         * of which nobody has heard since.
         */
        List<ClaimedJob> unless(boolean othersFlow, List<Demand> demands, Supplier<List<ClaimedJob>> claim) {
            if (othersFlow && rests(demands)) {
                return List.of();
            }
            long before = ends();
            List<ClaimedJob> claimed = claim.get();
            if (claimed.isEmpty()) {
                begin(demands, before);
            }
            return claimed;
        }

        private synchronized boolean rests(List<Demand> demands) {
            return System.nanoTime() - untilNanos < 0
                    && demands.stream().map(Demand::queue).allMatch(queues::contains);
        }

        private synchronized long ends() {
            return ends;
        }

        private synchronized void begin(List<Demand> demands, long before) {
            if (ends == before) {
                untilNanos = System.nanoTime() + REST_NANOS;
                queues = demands.stream().map(Demand::queue).collect(Collectors.toSet());
            }
        }

        synchronized void end() {
            ends++;
            untilNanos = System.nanoTime();
        }
    }
}

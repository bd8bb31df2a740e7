package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Tally;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Counts what finished until the next heartbeat takes it along. Thread safe. */
final class Tallies {
    private record Key(String queue, Priority priority, String kind) {}

    private static final class Counts {
        private long succeeded;
        private long failed;
        private long met;
        private long missed;
        private long tookMicros;
    }

    private final Map<Key, Counts> counts = new HashMap<>();

    synchronized void count(Outcome outcome) {
        Counts of = of(
                outcome.job().queue(), outcome.job().priority(), outcome.job().kind());
        switch (outcome.outcome()) {
            case SUCCEEDED -> of.succeeded++;
            case FAILED, TIMED_OUT -> of.failed++;
            case SNOOZED, RELEASED, LOST, CANCELLED -> {
                return;
            }
        }
        if (outcome.startedMicros() <= outcome.job().startByMicros()) {
            of.met++;
        } else {
            of.missed++;
        }
        of.tookMicros += outcome.tookMicros();
    }

    /** Takes the counts out. */
    synchronized List<Tally> take() {
        List<Tally> taken = new ArrayList<>(counts.size());
        counts.forEach((key, of) -> taken.add(new Tally(
                key.queue, key.priority, key.kind, of.succeeded, of.failed, of.met, of.missed, of.tookMicros)));
        counts.clear();
        return taken;
    }

    /** Puts counts back that could not be delivered. */
    synchronized void putBack(List<Tally> tallies) {
        for (Tally tally : tallies) {
            Counts of = of(tally.queue(), tally.priority(), tally.kind());
            of.succeeded += tally.succeeded();
            of.failed += tally.failed();
            of.met += tally.met();
            of.missed += tally.missed();
            of.tookMicros += tally.tookMicros();
        }
    }

    private Counts of(String queue, Priority priority, String kind) {
        return counts.computeIfAbsent(new Key(queue, priority, kind), key -> new Counts());
    }
}

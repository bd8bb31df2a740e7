package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Report;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Writes what running handlers report, all of them together, once a second; it sleeps while none does. What could not be
 * written is tried again as it was: the store makes that harmless.
 */
final class Reporter {
    private static final Duration EVERY = Duration.ofSeconds(1);

    private final Set<Reporting> active = ConcurrentHashMap.newKeySet();
    private final Map<EpochWork, List<Report>> unwritten = new LinkedHashMap<>();
    private final Loop loop = new Loop("report", this::flush);

    void start() {
        loop.start();
    }

    /** Begins to write what this attempt reports. */
    Reporting begin(ClaimedJob job, EpochWork epoch) {
        Reporting reporting = new Reporting(job, epoch);
        active.add(reporting);
        return reporting;
    }

    /** The attempt is over; its outcome takes this along. */
    @Nullable
    Report end(Reporting reporting, long atMicros) {
        active.remove(reporting);
        return reporting.end(atMicros);
    }

    private Duration flush() {
        if (unwritten.isEmpty()) {
            for (Reporting reporting : active) {
                Report report = reporting.take();
                if (report != null) {
                    unwritten
                            .computeIfAbsent(reporting.epoch(), epoch -> new ArrayList<>())
                            .add(report);
                }
            }
        }
        for (EpochWork epoch : List.copyOf(unwritten.keySet())) {
            try {
                if (epoch.state() != EpochWork.State.CLOSED) {
                    epoch.place().reports().write(unwritten.getOrDefault(epoch, List.of()));
                }
            } catch (EpochClosedException closed) {
                // Others run these jobs now, and report for themselves.
            }
            unwritten.remove(epoch);
        }
        return EVERY;
    }

    void stop() {
        loop.stop();
        loop.join(Duration.ofSeconds(5));
    }
}

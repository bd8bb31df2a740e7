package dev.tidemill.metrics;

import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Retention.Part;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What takes the database some work to tell, and changes slowly. It is read aside, on a thread of its own, so that nobody
 * who scrapes waits for it; with nobody there it is not read. Thread safe.
 */
final class SlowReadings implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(SlowReadings.class);
    private static final long EVERY_NANOS = Duration.ofSeconds(15).toNanos();
    private static final long DOCTOR_EVERY_NANOS = Duration.ofMinutes(1).toNanos();

    /** What was read last; empty lists before, and after a reading that failed. */
    record Readings(List<LimitView> limits, List<Pause> pauses, List<Part> parts) {
        static final Readings NONE = new Readings(List.of(), List.of(), List.of());
    }

    private final Tidemill mill;
    private final Object lock = new Object();
    private @Nullable Thread reader;
    private boolean closed;
    private volatile Readings last = Readings.NONE;
    private volatile List<Finding> findings = List.of();
    private volatile long readNanos = System.nanoTime() - EVERY_NANOS;
    private volatile long doctorNanos = System.nanoTime() - DOCTOR_EVERY_NANOS;

    SlowReadings(Tidemill mill) {
        this.mill = mill;
    }

    Readings last() {
        return last;
    }

    List<Finding> findings() {
        return findings;
    }

    /** Begins to read what is old, unless that is under way. */
    void refresh(boolean databaseAnswers) {
        if (!databaseAnswers) {
            last = Readings.NONE;
            findings = List.of();
            readNanos = System.nanoTime() - EVERY_NANOS;
            doctorNanos = System.nanoTime() - DOCTOR_EVERY_NANOS;
            return;
        }
        long now = System.nanoTime();
        boolean due = now - readNanos >= EVERY_NANOS || now - doctorNanos >= DOCTOR_EVERY_NANOS;
        synchronized (lock) {
            if (due && !closed && (reader == null || !reader.isAlive())) {
                reader = Thread.ofVirtual().name("tidemill-readings").start(() -> read(now));
            }
        }
    }

    /** Begins no more, and waits for what is under way, so that nobody reads in a mill that its owner closes next. */
    @Override
    public void close() {
        @Nullable Thread underWay;
        synchronized (lock) {
            closed = true;
            underWay = reader;
        }
        if (underWay != null) {
            Patience.join(underWay);
        }
    }

    private void read(long now) {
        try {
            if (now - readNanos >= EVERY_NANOS) {
                last = new Readings(
                        mill.limits().list(),
                        mill.pauses().paused(),
                        mill.retention().view().parts());
                readNanos = now;
            }
            if (now - doctorNanos >= DOCTOR_EVERY_NANOS) {
                findings = mill.diagnose().findings();
                doctorNanos = now;
            }
        } catch (TidemillException failed) {
            LOG.debug("Reading for the meters failed; trying again.", failed);
        }
    }
}

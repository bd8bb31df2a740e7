package dev.tidemill.jobs.engine;

import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * The database's clock as this process knows it: the last reading plus what its own monotonic clock has counted since.
 * Off by at most one round trip. Thread safe.
 */
final class DatabaseClock {
    private volatile long offsetMicros;

    /** Takes a reading that has just arrived. */
    void read(long databaseMicros) {
        offsetMicros = databaseMicros - monotonicMicros();
    }

    long nowMicros() {
        return monotonicMicros() + offsetMicros;
    }

    Instant now() {
        return toInstant(nowMicros());
    }

    static Instant toInstant(long micros) {
        return Instant.ofEpochSecond(Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1_000L);
    }

    static long monotonicMicros() {
        return TimeUnit.NANOSECONDS.toMicros(System.nanoTime());
    }
}

package dev.tidemill.cache;

import dev.tidemill.cache.tier.Position;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Until when this process may go on with what it has. Each look at the log vouches, from the moment before it was sent
 * and for the bound, for all that it left standing: what committed before that moment has been carried out here. A value
 * that was read from origin or shared tier vouches for itself for as long. Past both it is not served.
 *
 * <p>The moments are {@link System#nanoTime()}, which goes on while the process is frozen or collects garbage. While a
 * whole machine is suspended it may stand still; that time is not counted.
 */
final class Contact {
    private final long boundNanos;
    private volatile long vouchedUntil;
    private volatile long lookedAt;
    private volatile @Nullable Position position;

    private Contact(long boundNanos, long lookedAt) {
        this.boundNanos = boundNanos;
        this.lookedAt = lookedAt;
        this.vouchedUntil = lookedAt;
    }

    /** Of a process that hears of others' invalidations. */
    static Contact within(Duration bound) {
        return new Contact(bound.toNanos(), System.nanoTime());
    }

    /** Of a process whose cache nobody shares. */
    static Contact alone() {
        Contact contact = new Contact(TimeUnit.DAYS.toNanos(36_500), System.nanoTime());
        contact.vouchedUntil = System.nanoTime() + TimeUnit.DAYS.toNanos(36_500);
        return contact;
    }

    /** Whether something whose invalidations are heard since a moment may be served. */
    boolean vouches(long since, long now) {
        return now - vouchedUntil < 0 || now - since < boundNanos;
    }

    /** A look that began at a moment has been carried out. */
    void looked(long began, Position at) {
        position = at;
        lookedAt = began;
        vouchedUntil = began + boundNanos;
    }

    /** Where the last look ended. */
    @Nullable
    Position position() {
        return position;
    }

    /** When the last look began. */
    long lookedAt() {
        return lookedAt;
    }

    Duration bound() {
        return Duration.ofNanos(boundNanos);
    }

    boolean isInContact() {
        return System.nanoTime() - vouchedUntil < 0;
    }

    /** How long ago the last look began. */
    Duration silence() {
        return Duration.ofNanos(System.nanoTime() - lookedAt);
    }
}

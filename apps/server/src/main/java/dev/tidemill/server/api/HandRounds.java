package dev.tidemill.server.api;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.HandMill.Ran;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Rounds of a mill that is turned by hand: due jobs run by this process's own handlers, while a request waits. One round at a
 * time. Where no process is up for long, nobody else finds what a dead one left, so a round first mends what is safe to be
 * mended, once a minute at most. Thread safe.
 */
public final class HandRounds {
    private static final Duration WITHIN = Duration.ofSeconds(25);
    private static final Duration MEND_EVERY = Duration.ofMinutes(1);

    private final HandMill hand;
    private final ReentrantLock turn = new ReentrantLock();
    private long mendedNanos = System.nanoTime() - MEND_EVERY.toNanos();

    /** Of this mill, which is nobody else's to turn from now on. */
    public HandRounds(HandMill hand) {
        this.hand = hand;
    }

    /** Runs up to so many due jobs, and begins none after 25 seconds. */
    List<Ran> run(int batch) throws InterruptedException {
        if (!turn.tryLock(WITHIN.toNanos(), TimeUnit.NANOSECONDS)) {
            throw Problem.of(ProblemCode.TOO_BUSY, "Another round is under way; ask again when it is over.");
        }
        try {
            long now = System.nanoTime();
            if (now - mendedNanos >= MEND_EVERY.toNanos()) {
                hand.tidemill().repair(MEND_EVERY);
                mendedNanos = now;
            }
            return hand.runDue(batch, WITHIN);
        } finally {
            turn.unlock();
        }
    }
}

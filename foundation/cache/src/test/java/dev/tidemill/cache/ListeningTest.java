package dev.tidemill.cache;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.Target;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** From when a look vouches for what is here. */
final class ListeningTest {
    private static final Duration BOUND = Duration.ofSeconds(20);

    private record Nowhere() implements Position {
        @Override
        public boolean sees(long stamp) {
            return true;
        }

        @Override
        public boolean isAtLeast(long forgottenBelow) {
            return true;
        }

        @Override
        public String life() {
            return "one";
        }

        @Override
        public String text() {
            return "one|0";
        }
    }

    /** A log in which nothing happens; it knows when it was asked last. */
    private static final class Quiet implements InvalidationLog {
        private final Semaphore never = new Semaphore(0);
        private volatile long asked;

        @Override
        public Look look(@Nullable Position since, boolean remembering) {
            asked = System.nanoTime();
            return new Look(new Nowhere(), List.of(), true, 0);
        }

        @Override
        public long append(String cache, List<Target> targets) {
            return 1;
        }

        @Override
        public void append(Connection connection, String cache, List<Target> targets) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Position read(String text) {
            return new Nowhere();
        }

        @Override
        public void call() {}

        @Override
        public void await(Duration timeout) throws InterruptedException {
            assertThat(never.tryAcquire(timeout.toMillis(), TimeUnit.MILLISECONDS))
                    .isFalse();
        }

        @Override
        public void tidy() {}

        @Override
        public void close() {}
    }

    @Test
    void aLookVouchesFromBeforeItWasSentAndNotFromWhenItWasAnswered() {
        Contact contact = Contact.within(BOUND);
        Quiet log = new Quiet();
        CachesBuilder settings = Caches.without().staleness(BOUND).lookEvery(Duration.ofSeconds(5));
        Listening listening = new Listening(log, contact, new Remembered(10), true, settings, List.of());
        listening.start();
        listening.stop();
        long asked = log.asked;
        long longAgo = asked - 2 * BOUND.toNanos();
        assertThat(listening.looks()).isEqualTo(1);
        assertThat(contact.vouches(longAgo, asked)).as("while it holds").isTrue();
        assertThat(contact.vouches(longAgo, asked + BOUND.toNanos()))
                .as("a bound after it was sent")
                .isFalse();
        assertThat(contact.lookedAt() - asked).isNotPositive();
    }
}

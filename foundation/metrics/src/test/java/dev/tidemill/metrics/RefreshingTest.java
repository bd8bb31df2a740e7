package dev.tidemill.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class RefreshingTest {
    @Test
    void closingWaitsForTheRefreshThatIsUnderWayAndThenThereIsNone() throws Exception {
        CountDownLatch begun = new CountDownLatch(1);
        CountDownLatch closing = new CountDownLatch(1);
        AtomicBoolean done = new AtomicBoolean();
        AtomicInteger refreshes = new AtomicInteger();
        Refreshing refreshing = Refreshing.start("refreshing-test", Duration.ofHours(1), () -> {
            refreshes.incrementAndGet();
            begun.countDown();
            try {
                closing.await();
                // Long enough for a close that does not wait to be back first.
                new CountDownLatch(1).await(300, TimeUnit.MILLISECONDS);
            } catch (InterruptedException interrupted) {
                throw new IllegalStateException(interrupted);
            }
            done.set(true);
        });
        begun.await();
        closing.countDown();
        refreshing.close();
        assertThat(done).isTrue();
        assertThat(refreshes).hasValue(1);
    }
}

package dev.tidemill.server.page;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.server.page.LiveFeed.Frame;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

final class LiveFeedTest {
    private final AtomicInteger rendered = new AtomicInteger();
    private final LiveFeed feed = new LiveFeed(this::render, Duration.ofMillis(5), 2);

    @AfterEach
    void close() {
        feed.close();
    }

    private Map<String, String> render() {
        int time = rendered.incrementAndGet();
        if (time == 2) {
            throw new IllegalStateException("once");
        }
        return Map.of("clock", Integer.toString(time));
    }

    @Test
    void nothingIsRenderedWhileNobodyWatches() {
        assertThat(rendered).hasValue(0);
        assertThat(feed.enter()).isTrue();
        await().until(() -> rendered.get() > 3);
        feed.leave();
        await().until(() -> !feed.sampling());
    }

    @Test
    void aWatcherGetsEachNewFrameAndAFailureEndsNothing() throws InterruptedException {
        assertThat(feed.enter()).isTrue();
        long seen = 0;
        for (int i = 0; i < 5; i++) {
            Frame frame = feed.next(seen, Duration.ofSeconds(10));
            assertThat(frame.version()).isGreaterThan(seen);
            seen = frame.version();
        }
        feed.leave();
    }

    @Test
    void thereIsAnEndToWatchers() {
        assertThat(feed.enter()).isTrue();
        assertThat(feed.enter()).isTrue();
        assertThat(feed.enter()).isFalse();
        feed.leave();
        assertThat(feed.enter()).isTrue();
    }

    @Test
    void closingWakesAndTurnsAway() throws InterruptedException {
        assertThat(feed.enter()).isTrue();
        feed.close();
        assertThat(feed.next(Long.MAX_VALUE, Duration.ofMinutes(1))).isNotNull();
        assertThat(feed.enter()).isFalse();
    }
}

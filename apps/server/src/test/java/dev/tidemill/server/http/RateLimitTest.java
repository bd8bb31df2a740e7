package dev.tidemill.server.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

/** Token buckets, on a clock that the test holds. */
final class RateLimitTest {
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 5);
    private final RateLimit limit = new RateLimit(2, nanos::get);

    private int taken(String who, int asked) {
        int allowed = 0;
        for (int i = 0; i < asked; i++) {
            allowed += limit.take(who).allowed() ? 1 : 0;
        }
        return allowed;
    }

    @Test
    void aBurstMayTakeWhatComesInTenSeconds() {
        assertThat(taken("a", 30)).isEqualTo(20);
        assertThat(taken("b", 30)).as("somebody else").isEqualTo(20);
    }

    @Test
    void whatIsUsedComesBackWithTimeAndNoMoreThanThat() {
        assertThat(taken("a", 20)).isEqualTo(20);
        RateLimit.Left none = limit.take("a");
        assertThat(none.allowed()).isFalse();
        assertThat(none.waitSeconds()).isEqualTo(1);
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1_500));
        assertThat(taken("a", 30)).isEqualTo(3);
        nanos.addAndGet(TimeUnit.HOURS.toNanos(1));
        assertThat(taken("a", 30)).isEqualTo(20);
    }

    @Test
    void anAnswerSaysWhatIsLeft() {
        RateLimit.Left left = limit.take("a");
        assertThat(left.remaining()).isEqualTo(19);
        assertThat(limit.headers(left))
                .containsEntry("RateLimit-Policy", "\"default\";q=20;w=10")
                .containsEntry("RateLimit", "\"default\";r=19;t=0");
    }

    @Test
    void aNetworkOfIpv6CountsAsOneAddress() {
        assertThat(RateLimit.neighbourhood("2001:db8:1:2::7"))
                .isEqualTo(RateLimit.neighbourhood("2001:db8:1:2:ffff::1"))
                .isNotEqualTo(RateLimit.neighbourhood("2001:db8:1:3::7"));
        assertThat(RateLimit.neighbourhood("192.0.2.7")).isEqualTo("192.0.2.7");
    }

    @Test
    void strangersCannotFillTheHeap() {
        limit.take("known");
        for (int i = 0; i < 20_000; i++) {
            limit.take("stranger " + i);
            if (i % 1_000 == 0) {
                limit.take("known");
            }
        }
        assertThat(limit.buckets()).isEqualTo(10_000);
        assertThat(limit.take("known").remaining()).as("those in use are kept").isLessThan(1);
    }
}

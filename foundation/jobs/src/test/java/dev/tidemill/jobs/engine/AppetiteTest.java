package dev.tidemill.jobs.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.ClaimedJob;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** How many jobs a claim for workers elsewhere takes. */
final class AppetiteTest {
    private static final int ENOUGH = 10_000;

    private final Appetite appetite = new Appetite(ENOUGH);

    private static List<ClaimedJob> jobs(int count, int bytes) {
        String payload = "x".repeat(bytes);
        return IntStream.range(0, count)
                .mapToObj(i -> new ClaimedJob(1, i, 1, 0, "Kind", "default", Priority.MEDIUM, 0, payload, null, false))
                .toList();
    }

    @Test
    void itBeginsSmallAndGrowsWhileWhatCameIsSmall() {
        assertThat(appetite.most(1_000)).isEqualTo(4);
        assertThat(appetite.learn(jobs(4, 10))).isEqualTo(40);
        assertThat(appetite.most(1_000)).isEqualTo(16);
        appetite.learn(jobs(16, 10));
        appetite.learn(jobs(64, 10));
        assertThat(appetite.most(1_000)).isEqualTo(256);
        assertThat(appetite.most(7)).as("no more than asked for").isEqualTo(7);
        appetite.learn(jobs(256, 5));
        appetite.learn(jobs(500, 5));
        assertThat(appetite.most(1_000)).as("its bound").isEqualTo(500);
    }

    @Test
    void itStaysAsItIsWhenLessWasThereThanItAskedFor() {
        appetite.learn(jobs(3, 10));
        assertThat(appetite.most(1_000)).isEqualTo(4);
    }

    @Test
    void itShrinksWhenWhatCameIsLarge() {
        appetite.learn(jobs(4, 10));
        long bytes = appetite.learn(jobs(16, 1_000));
        assertThat(appetite.enough(bytes)).isTrue();
        assertThat(appetite.most(1_000)).isEqualTo(4);
        assertThat(appetite.enough(appetite.learn(jobs(4, 1_000)))).isFalse();
        assertThat(appetite.most(1_000)).as("4,000 of 10,000 are neither").isEqualTo(4);
        appetite.learn(jobs(1, 20_000));
        assertThat(appetite.most(1_000)).as("never none").isEqualTo(1);
    }
}

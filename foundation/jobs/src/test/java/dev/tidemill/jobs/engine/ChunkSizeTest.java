package dev.tidemill.jobs.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.ChunkOptions;
import java.time.Duration;
import org.junit.jupiter.api.Test;

/** How the size of chunks follows the time they take. */
final class ChunkSizeTest {
    private static final long FAST = 1_000;
    private static final long SLOW = 200_000;

    private final ChunkSize size = new ChunkSize("k", new ChunkOptions(200, Duration.ZERO, Duration.ofMillis(100)));

    @Test
    void itDoublesUpToItsBoundWhileFullChunksAreFast() {
        for (int expected : new int[] {16, 32, 64, 128, 200, 200}) {
            assertThat(size.size()).isEqualTo(expected);
            size.measured(size.size(), FAST);
        }
    }

    @Test
    void slowChunksHalveItDownToOneAndItGrowsBySmallStepsFromThere() {
        size.measured(16, FAST);
        size.measured(32, FAST);
        size.measured(64, SLOW);
        assertThat(size.size()).isEqualTo(32);
        size.measured(32, FAST);
        assertThat(size.size())
                .as("past the threshold, a twentieth of the bound")
                .isEqualTo(42);
        for (int i = 0; i < 20; i++) {
            size.measured(size.size(), SLOW);
        }
        assertThat(size.size()).isEqualTo(1);
        size.measured(1, FAST);
        assertThat(size.size()).isEqualTo(11);
    }

    @Test
    void slowChunksThatRanSideBySideHalveItOnce() {
        size.measured(16, SLOW);
        size.measured(16, SLOW);
        size.measured(16, SLOW);
        assertThat(size.size()).isEqualTo(8);
    }

    @Test
    void smallerChunksTeachItNothingUnlessTheyWereSlow() {
        size.measured(15, FAST);
        assertThat(size.size()).isEqualTo(16);
        size.measured(4, SLOW);
        assertThat(size.size()).isEqualTo(2);
        size.split(2, SLOW);
        assertThat(size.size()).isEqualTo(2);
        assertThat(size.stats().isolated()).isEqualTo(1);
        assertThat(size.stats().calls()).isEqualTo(3);
        assertThat(size.stats().lastTook()).isEqualTo(Duration.ofMillis(200));
    }
}

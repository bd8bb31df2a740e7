package dev.tidemill.jobs.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/** When a process holds back for want of memory, and how it goes on. */
final class HeapGuardTest {
    private static final long STEP = Duration.ofMillis(100).toNanos();

    /** A heap of a hundred bytes. */
    private static final class Bytes implements HeapGuard.Heap {
        private long used;
        private long now;
        private long max = 100;
        private long took;
        private int collections;
        private long afterwards = -1;

        @Override
        public String pool() {
            return "old";
        }

        @Override
        public long used() {
            return used;
        }

        @Override
        public long usedNow() {
            return now;
        }

        @Override
        public long max() {
            return max;
        }

        @Override
        public long collect() {
            collections++;
            used = afterwards < 0 ? used : afterwards;
            return took;
        }
    }

    private final Bytes heap = new Bytes();
    private final HeapGuard guard = new HeapGuard(heap, 0.9);
    private long now = 1;

    private boolean holdsWith(long used) {
        heap.used = used;
        now += STEP;
        return guard.holds(now, () -> 50);
    }

    @Test
    void itHoldsFromItsShareOnUntilATenthMoreIsFree() {
        assertThat(holdsWith(89)).isFalse();
        assertThat(holdsWith(90)).isTrue();
        assertThat(holdsWith(85)).as("still").isTrue();
        assertThat(holdsWith(79)).isFalse();
        assertThat(holdsWith(85)).as("not again yet").isFalse();
        assertThat(holdsWith(95)).isTrue();
        assertThat(guard.stats().held()).isEqualTo(2);
        assertThat(guard.stats().holding()).isTrue();
        assertThat(guard.stats().pool()).isEqualTo("old");
    }

    @Test
    void whileItHoldsItAsksForCollectionsWithPausesThatSuitTheirCost() {
        assertThat(holdsWith(95)).isTrue();
        assertThat(heap.collections).isZero();
        assertThat(holdsWith(95)).isTrue();
        assertThat(heap.collections).isEqualTo(1);
        for (int i = 0; i < 9; i++) {
            assertThat(holdsWith(95)).isTrue();
        }
        assertThat(heap.collections).isEqualTo(1);
        heap.took = STEP;
        assertThat(holdsWith(95)).isTrue();
        assertThat(heap.collections).as("after a second").isEqualTo(2);
        for (int i = 0; i < 19; i++) {
            assertThat(holdsWith(95)).isTrue();
        }
        assertThat(heap.collections).isEqualTo(2);
        assertThat(holdsWith(95)).isTrue();
        assertThat(heap.collections).as("after twenty times what it took").isEqualTo(3);
    }

    @Test
    void whenItLooksFullItAsksForACollectionToKnow() {
        heap.now = 95;
        heap.afterwards = 40;
        assertThat(holdsWith(40)).isFalse();
        assertThat(heap.collections).isEqualTo(1);
        assertThat(holdsWith(40)).as("it was garbage").isFalse();
        assertThat(heap.collections).isEqualTo(1);
        heap.afterwards = 92;
        for (int i = 0; i < 98; i++) {
            assertThat(holdsWith(40)).isFalse();
        }
        assertThat(holdsWith(40)).as("ten seconds later it is not").isTrue();
    }

    @Test
    void afterwardsHalfAsManyMayBeInHandAndSlowlyMore() {
        assertThat(guard.most(now)).isEqualTo(Integer.MAX_VALUE);
        assertThat(holdsWith(95)).isTrue();
        assertThat(holdsWith(10)).isFalse();
        assertThat(guard.most(now)).isEqualTo(25);
        now += STEP * 10;
        assertThat(guard.most(now)).isEqualTo(27);
        assertThat(guard.most(now)).isEqualTo(27);
        for (int i = 0; i < 200; i++) {
            now += STEP * 10;
            guard.most(now);
        }
        assertThat(guard.most(now)).isEqualTo(Integer.MAX_VALUE);
    }

    @Test
    void withoutAMaximumOrSwitchedOffThereIsNoGuard() {
        heap.max = -1;
        assertThat(holdsWith(1_000)).isFalse();
        heap.max = 100;
        heap.used = 100;
        assertThat(new HeapGuard(heap, 1).holds(1, () -> 1)).isFalse();
    }

    @Test
    void thisJvmHasAPoolToGuard() {
        LongLived mine = new LongLived();
        assertThat(mine.collect()).isPositive();
        assertThat(mine.pool()).isNotEmpty();
        assertThat(mine.used()).isPositive();
        assertThat(mine.max()).isGreaterThan(mine.used());
    }
}

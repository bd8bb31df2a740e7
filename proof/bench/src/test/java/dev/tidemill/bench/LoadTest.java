package dev.tidemill.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/** The pace that benches say they keep. */
final class LoadTest {
    @Test
    void thePaceIsKeptWhateverTheSendLeavesBehind() throws Exception {
        AtomicInteger sent = new AtomicInteger();
        long start = System.nanoTime();
        Load.paced(100, 5, 15, id -> {
            LockSupport.unpark(Thread.currentThread());
            sent.incrementAndGet();
        });
        assertThat(sent).hasValue(20);
        assertThat(System.nanoTime() - start).isGreaterThanOrEqualTo(200_000_000L);
    }
}

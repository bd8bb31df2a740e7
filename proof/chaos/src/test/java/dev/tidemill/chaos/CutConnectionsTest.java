package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.chaos.Jobs.Effect;
import dev.tidemill.chaos.Jobs.FailsOnce;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every session of the workers is ended again and again: answers get lost, in claims, finishes and commits alike. */
@ExtendWith(FreshSchema.class)
class CutConnectionsTest {
    private static final String CUT =
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name in ('one', 'other')";

    /** So much is done between two cuts, however slow the machine is, unless nothing comes of it for {@link #LONG}. */
    private static final int SOME = 5;

    private static final Duration LONG = Duration.ofSeconds(5);

    @Test
    void sessionsThatAreCutUnderLoadLoseAndDoubleNothing(TestDatabase database) {
        Site site = Stage.site(database);
        Ledger ledger = Ledger.open(site);
        List<Long> jobs = site.enqueue(IntStream.range(0, 600)
                .mapToObj(i -> switch (i % 5) {
                    case 0, 1 -> new Work(8);
                    case 2 -> new FailsOnce();
                    default -> new Effect(4);
                })
                .collect(Collectors.toList()));
        try (WorkerProcess one = Stage.start(site, "one", Pace.BRISK, 6);
                WorkerProcess other = Stage.start(site, "other", Pace.BRISK, 6)) {
            AtomicInteger doneAtTheCut = new AtomicInteger(-SOME);
            AtomicLong cut = new AtomicLong();
            await().atMost(Duration.ofMinutes(2))
                    .pollInterval(Duration.ofMillis(250))
                    .until(() -> {
                        int done = ledger.succeeded(jobs);
                        if (done - doneAtTheCut.get() >= SOME || System.nanoTime() - cut.get() >= LONG.toNanos()) {
                            assertThat(ledger.number(CUT)).isNotNegative();
                            doneAtTheCut.set(done);
                            cut.set(System.nanoTime());
                        }
                        assertThat(one.isAlive() && other.isAlive()).isTrue();
                        return done >= 400;
                    });
            ledger.awaitAll(jobs);
            one.stop();
            other.stop();
        }
        Stage.assertAllDoneOnce(ledger, jobs);
        assertThat(ledger.number("select count(*) from {s}.lease")).isZero();
    }
}

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
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Every session of the workers is ended again and again: answers get lost, in claims, finishes and commits alike. */
@ExtendWith(FreshSchema.class)
class CutConnectionsTest {
    private static final String CUT =
            "select count(pg_terminate_backend(pid)) from pg_stat_activity where application_name in ('one', 'other')";

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
            await().atMost(Duration.ofSeconds(60))
                    .pollInterval(Duration.ofMillis(250))
                    .until(() -> {
                        assertThat(ledger.number(CUT)).isNotNegative();
                        assertThat(one.isAlive() && other.isAlive()).isTrue();
                        return ledger.succeeded(jobs) >= 400;
                    });
            ledger.awaitAll(jobs);
            one.stop();
            other.stop();
        }
        Stage.assertAllDoneOnce(ledger, jobs);
        assertThat(ledger.number("select count(*) from {s}.lease")).isZero();
    }
}

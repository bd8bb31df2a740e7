package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Cancellation;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.store.Workplace;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.StoreHand;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** A cancel that meets its job between two tables, where no look at either finds it. */
@ExtendWith(FreshSchema.class)
final class CancelOnTheWayTest {
    private static final Duration SOON = Duration.ofSeconds(20);

    @Test
    void aJobThatBecomesReadyMeanwhileDoesNotStart(TestDatabase database) throws Exception {
        Sql sql = new Sql(database);
        try (StoreHand hand =
                new StoreHand(new PostgresJobStoreProvider().open(database.dataSource(), database.schema(), true))) {
            Workplace place = hand.join();
            long id = hand.add(hand.delayed(hand.job(), Duration.ofMillis(1)));
            CompletableFuture<Cancellation> cancel;
            try (Connection moving = sql.begin()) {
                await().atMost(SOON)
                        .until(() -> sql.number(moving, "select count(*) from {schema}.move_due(100)") == 1);
                int pid = Sql.pid(moving);
                cancel = Aside.run(() -> hand.store().control().cancel(id, "tester"));
                await().atMost(SOON).until(() -> cancel.isDone() || sql.waitingFor(pid) == 1);
                moving.commit();
            }
            assertThat(cancel.get(SOON.toSeconds(), TimeUnit.SECONDS))
                    .isIn(Cancellation.CANCELLED, Cancellation.WILL_NOT_START);
            assertThat(hand.claim(place, 10)).isEmpty();
            assertThat(hand.state(id)).isEqualTo(JobState.CANCELLED);
        }
    }
}

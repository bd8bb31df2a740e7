package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.HandMill.Ran;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Rounds of a mill that is turned by hand. */
@ExtendWith(FreshSchema.class)
final class HandRoundTest {
    private final TestDatabase database;
    private final Sql sql;

    HandRoundTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    private long lastBeat() throws SQLException {
        return sql.number("select max(heartbeat) from {schema}.node where ended is null");
    }

    @Test
    void theOthersHearOfTheHandWhileItsJobTakesLong() {
        try (HandMill hand = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .heartbeat(Duration.ofMillis(200), Duration.ofSeconds(2))
                .handleJson("Long", (json, run) -> {
                    for (int i = 0; i < 3; i++) {
                        long before = lastBeat();
                        Awaitility.await().atMost(Jobs.SOON).until(() -> lastBeat() > before);
                    }
                })
                .startByHand()) {
            hand.tidemill().enqueue(new JobRequest("Long", "{}"));
            List<Ran> ran = hand.runDue(10, Duration.ofSeconds(5));
            assertThat(ran).hasSize(1);
            assertThat(ran.getFirst().error()).isNull();
            assertThat(ran.getFirst().succeeded()).isTrue();
        }
    }

    @Test
    void aRoundEndsWhenItsTimeIsOver() {
        try (HandMill hand = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handleJson("Short", (json, run) -> {})
                .startByHand()) {
            hand.tidemill().enqueueAll(List.of(new JobRequest("Short", "{}"), new JobRequest("Short", "{}")));
            assertThat(hand.runDue(10, Duration.ZERO)).hasSize(1);
            assertThat(hand.runDue(10, Duration.ofSeconds(5))).hasSize(1);
            assertThat(hand.runDue(10, Duration.ofSeconds(5))).isEmpty();
        }
    }
}

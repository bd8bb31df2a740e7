package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.Enqueued.How;
import dev.tidemill.jobs.Unique;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Payloads that are replaced while retention moves the bodies they are in. */
@ExtendWith(FreshSchema.class)
final class UniqueRetentionTest {
    private static final Unique UNIQUE = Unique.key("next year").replace();

    private final TestDatabase database;

    UniqueRetentionTest(TestDatabase database) {
        this.database = database;
    }

    private static NewJob nextYear(Almanac almanac, String payload) {
        NewJob plain = almanac.hand().delayed(almanac.hand().job(), Duration.ofDays(365));
        return new NewJob(
                plain.kind(),
                plain.queue(),
                plain.priority(),
                payload,
                plain.meta(),
                plain.key(),
                plain.tags(),
                plain.startWithinMicros(),
                plain.delayMicros(),
                plain.atMicros(),
                UNIQUE);
    }

    @Test
    void whatIsReplacedWhileItsBodyIsBeingKeptIsReplacedInTheCopyAndStaysReplaceable() throws Exception {
        try (Almanac almanac = new Almanac(database);
                Connection open = almanac.sql().begin()) {
            long first = almanac.hand().add(nextYear(almanac, "1"));
            almanac.pass(Duration.ofDays(9));
            almanac.hand().store().upkeep().makePartitions();
            almanac.pass(Duration.ofDays(9));
            assertThat(almanac.hand()
                            .store()
                            .intake()
                            .add(open, List.of(nextYear(almanac, "2")))
                            .first())
                    .isEqualTo(new Enqueued(first, How.REPLACED));
            almanac.advanceAll();
            almanac.pass(Duration.ofMinutes(2));
            almanac.advanceAll();
            assertThat(almanac.isKept(first)).as("its copy waits").isFalse();
            open.commit();
            almanac.passHistory();
            assertThat(almanac.hasBody(first)).isFalse();
            assertThat(almanac.isKept(first)).isTrue();
            assertThat(almanac.hand().store().desk().job(first).orElseThrow().payload())
                    .isEqualTo("2");
            assertThat(almanac.hand()
                            .store()
                            .intake()
                            .add(List.of(nextYear(almanac, "3")))
                            .first())
                    .isEqualTo(new Enqueued(first, How.REPLACED));
            assertThat(almanac.hand().store().desk().job(first).orElseThrow().payload())
                    .isEqualTo("3");
        }
    }
}

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

    /** To where retention has listed what is to be kept of the first partition, and copies it next. */
    private static void comeToCopying(Almanac almanac) throws Exception {
        for (int half = 0; half < 60; half++) {
            almanac.pass(half % 2 == 0 ? Almanac.DAY : Duration.ofMinutes(2));
            almanac.hand().store().upkeep().makePartitions();
            do {
                if (almanac.sql().number("select count(*) from {schema}.part where family = 'job' and step = 2") == 1) {
                    return;
                }
            } while (almanac.hand().store().history().advance());
        }
        throw new AssertionError("no partition leaves");
    }

    @Test
    void whatIsReplacedWhileItsBodyIsBeingKeptIsReplacedInTheCopyAndStaysReplaceable() throws Exception {
        try (Almanac almanac = new Almanac(database);
                Connection open = almanac.sql().begin()) {
            long first = almanac.hand().add(nextYear(almanac, "1"));
            comeToCopying(almanac);
            assertThat(almanac.hand()
                            .store()
                            .intake()
                            .add(open, List.of(nextYear(almanac, "2")))
                            .first())
                    .isEqualTo(new Enqueued(first, How.REPLACED));
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

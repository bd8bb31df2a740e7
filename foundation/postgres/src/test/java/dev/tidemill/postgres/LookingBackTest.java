package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.DeadLetterGroup;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Minute;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.FileNotFoundException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** What finished minute by minute, and dead letters by what they died of. */
@ExtendWith(FreshSchema.class)
@Timeout(60)
final class LookingBackTest {
    private final Tidemill mill;

    LookingBackTest(TestDatabase database) {
        mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .queue("aside", queue -> queue)
                .handleJson("Fine", (json, run) -> {})
                .handleJson("Refuse", (json, run) -> {
                    throw new IllegalStateException("refused: " + json);
                })
                .handleJson("Miss", (json, run) -> {
                    throw new FileNotFoundException("no file " + json);
                })
                .start();
    }

    @AfterEach
    void stop() {
        mill.stop(Duration.ofSeconds(5));
    }

    private long dead(String kind, String json) {
        long id = mill.enqueue(new JobRequest(kind, json, EnqueueOptions.NONE.attempts(1)));
        await().atMost(Jobs.SOON).until(() -> mill.job(id).orElseThrow().state() == JobState.DEAD);
        return id;
    }

    @Test
    void everyMinuteIsToldAndWhatFinishedStandsInItsOwn() {
        EnqueueOptions aside = EnqueueOptions.queue("aside");
        for (int i = 0; i < 3; i++) {
            mill.enqueue(new JobRequest("Fine", "{}", aside));
        }
        dead("Refuse", "{}");
        await().atMost(Jobs.SOON).untilAsserted(() -> {
            List<Minute> all = mill.history(null, 10);
            assertThat(all).hasSize(10);
            for (int i = 1; i < 10; i++) {
                assertThat(all.get(i).at())
                        .isEqualTo(all.get(i - 1).at().plusSeconds(60))
                        .isEqualTo(all.get(i).at().truncatedTo(ChronoUnit.MINUTES));
            }
            assertThat(all.stream().mapToLong(Minute::succeeded).sum()).isGreaterThanOrEqualTo(3);
            assertThat(all.stream().mapToLong(Minute::failed).sum()).isPositive();
            List<Minute> one = mill.history("aside", 10);
            assertThat(one.stream().mapToLong(Minute::succeeded).sum()).isEqualTo(3);
            assertThat(one.stream().mapToLong(Minute::met).sum()).isEqualTo(3);
            assertThat(one.stream().mapToLong(Minute::failed).sum()).isZero();
            assertThat(one.getFirst().succeeded()).isZero();
        });
        assertThat(mill.history("nowhere", 5)).hasSize(5).allMatch(minute -> minute.succeeded() == 0);
        assertThatThrownBy(() -> mill.history(null, 0)).isInstanceOf(TidemillException.class);
        assertThatThrownBy(() -> mill.history(null, Tidemill.LONGEST_HISTORY + 1))
                .isInstanceOf(TidemillException.class);
    }

    @Test
    void deadLettersThatFailedAlikeAreCountedTogetherAndFoundAgain() {
        long first = dead("Refuse", "1");
        long missed = dead("Miss", "{}");
        long second = dead("Refuse", "2");
        List<DeadLetterGroup> groups = mill.deadLetterGroups();
        DeadLetterGroup refused = groups.stream()
                .filter(group -> group.kind().equals("Refuse") && group.count() >= 2)
                .findFirst()
                .orElseThrow();
        assertThat(refused.newestJob()).isEqualTo(second);
        assertThat(refused.sample()).contains("refused: 2").doesNotContain("\n");
        assertThat(refused.error()).doesNotContain(":");
        List<Long> alike = mill.deadLettersAlike(refused.kind(), refused.code(), refused.error());
        assertThat(alike).startsWith(second, first).doesNotContain(missed).hasSize((int) refused.count());

        assertThat(mill.discard(List.of(first, missed, -1L), "tester")).containsExactlyInAnyOrder(first, missed);
        assertThat(mill.job(missed).orElseThrow().state()).isEqualTo(JobState.DISCARDED);
        assertThat(mill.deadLettersAlike(refused.kind(), refused.code(), refused.error()))
                .doesNotContain(first);
        assertThat(mill.audit(Long.MAX_VALUE, 1).toString()).contains("tester", "JOBS " + first);
    }
}

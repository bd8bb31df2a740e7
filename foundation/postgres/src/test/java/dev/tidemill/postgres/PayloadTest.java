package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Kind;
import dev.tidemill.jobs.Stats.Unhandled;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Payloads and kinds that change while jobs wait, and those that are refused. */
@ExtendWith(FreshSchema.class)
final class PayloadTest {
    record Order(String id, int count, @Nullable String note) {}

    @Kind("no kind at all!")
    record Malformed(int x) {}

    private final TestDatabase database;
    private final Sql sql;
    private final BlockingQueue<Order> orders = new LinkedBlockingQueue<>();

    PayloadTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    private TidemillBuilder mill() {
        return Tidemill.on(database.dataSource()).schema(database.schema());
    }

    private Tidemill handling() {
        return mill().handle(
                        Order.class,
                        (job, run) -> orders.add(job),
                        options -> options.kind("order").alias("purchase"))
                .start();
    }

    @Test
    void unknownFieldsAreSkippedAndMissingOnesTakeTheirDefaults() throws Exception {
        try (Tidemill mill = handling()) {
            mill.enqueue(new JobRequest("order", "{\"id\":\"a\",\"colour\":\"red\",\"nested\":{\"deep\":[1]}}"));
            assertThat(orders.poll(30, TimeUnit.SECONDS)).isEqualTo(new Order("a", 0, null));
        }
    }

    @Test
    void aRenamedKindIsReachedByItsFormerName() throws Exception {
        try (Tidemill mill = handling()) {
            long id = mill.enqueue(new JobRequest("purchase", "{\"id\":\"b\",\"count\":2}"));
            assertThat(orders.poll(30, TimeUnit.SECONDS)).isEqualTo(new Order("b", 2, null));
            Jobs.in(mill, id, JobState.SUCCEEDED);
        }
    }

    @Test
    void aPayloadThatCannotBeReadIsADeadLetterAtOnce() {
        try (Tidemill mill = handling()) {
            for (String unreadable : new String[] {"{\"id\":\"c\",\"count\":\"many\"}", "null", "[1,2]"}) {
                long id = mill.enqueue(new JobRequest("order", unreadable));
                assertThat(Jobs.outcomes(Jobs.in(mill, id, JobState.DEAD))).containsExactly(AttemptOutcome.FAILED);
                DeadLetter letter = mill.deadLetters(null, 1).getFirst();
                assertThat(letter.code()).isEqualTo("PAYLOAD_UNREADABLE");
                assertThat(letter.error()).contains(Order.class.getName());
            }
        }
    }

    @Test
    void aJobWhoseBodyIsGoneIsADeadLetterAtOnce() throws Exception {
        long id;
        try (Tidemill mill = mill().start()) {
            id = mill.enqueue(new JobRequest("order", "{}"));
        }
        sql.run("delete from {schema}.job where id = " + id);
        try (Tidemill mill = handling()) {
            await().atMost(Jobs.SOON)
                    .until(() -> mill.deadLetters(null, 100).stream()
                            .anyMatch(letter -> letter.jobId() == id
                                    && letter.code().equals("BODY_MISSING")
                                    && letter.kind().equals("order")));
        }
    }

    @Test
    void aKindThatNobodyHandlesWaitsVisiblyAndBurnsNoAttempt() {
        try (Tidemill mill = handling()) {
            long id = mill.enqueue(new JobRequest("newer.kind", "{}"));
            await().atMost(Jobs.SOON).until(() -> mill.stats().unhandled().contains(new Unhandled("newer.kind", 1)));
            try (Tidemill newer = mill().handleJson(
                            "newer.kind",
                            (json, run) -> assertThat(run.attempt()).isEqualTo(1))
                    .start()) {
                assertThat(Jobs.in(newer, id, JobState.SUCCEEDED).attempts()).hasSize(1);
            }
        }
    }

    private void assertRefused(ErrorCode code, ThrowingCallable call) throws SQLException {
        long before = sql.number("select (select count(*) from {schema}.job) + (select count(*) from {schema}.ready)");
        assertThatThrownBy(call)
                .isInstanceOfSatisfying(
                        TidemillException.class,
                        refused -> assertThat(refused.code()).isEqualTo(code));
        assertThat(sql.number("select (select count(*) from {schema}.job) + (select count(*) from {schema}.ready)"))
                .as("nothing was written")
                .isEqualTo(before);
    }

    @Test
    void badPayloadsAndKindsAreRefusedAndNothingIsWritten() throws Exception {
        try (Tidemill mill = mill().payloadLimit(1_000).start()) {
            assertRefused(ErrorCode.PAYLOAD_INVALID, () -> mill.enqueue(new JobRequest("order", "{\"id\":")));
            assertRefused(ErrorCode.PAYLOAD_INVALID, () -> mill.enqueue(new JobRequest("order", "")));
            assertRefused(ErrorCode.PAYLOAD_INVALID, () -> mill.enqueue(new JobRequest("order", "{} {}")));
            assertRefused(
                    ErrorCode.PAYLOAD_TOO_LARGE,
                    () -> mill.enqueue(new JobRequest("order", "\"" + "ä".repeat(500) + "\"")));
            mill.enqueue(new JobRequest("order", "\"" + "ä".repeat(499) + "\""));
            assertRefused(ErrorCode.INVALID_KIND, () -> mill.enqueue(new JobRequest("9 lives", "{}")));
            assertRefused(ErrorCode.INVALID_KIND, () -> mill.enqueue(new Malformed(1)));
            assertRefused(ErrorCode.INVALID_KIND, () -> mill.enqueue(new Object() {}));
            assertRefused(
                    ErrorCode.PAYLOAD_INVALID,
                    () -> mill.enqueueAll(List.of(new JobRequest("order", "{}"), new JobRequest("order", "nonsense"))));
        }
    }
}

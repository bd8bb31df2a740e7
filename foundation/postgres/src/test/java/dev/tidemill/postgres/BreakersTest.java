package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.BreakerView.State;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Why;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of jobs while something they depend on is down. */
@ExtendWith(FreshSchema.class)
final class BreakersTest {
    record Mail(int number) {}

    record Plain(int number) {}

    private static final Duration SOON = Duration.ofSeconds(30);
    private static final Breaker QUICK =
            Breaker.of("smtp").failures(3).openFor(Duration.ofMillis(300), Duration.ofMillis(600));

    private final TestDatabase database;
    private final CountDownLatch never = new CountDownLatch(1);

    BreakersTest(TestDatabase database) {
        this.database = database;
    }

    /** Each test has a schema beside the class's own. */
    @AfterAll
    static void drop(TestDatabase database) throws SQLException {
        for (String schema : List.of("_down", "_killed", "_hand", "_both", "_ratio", "_bad", "_one", "_told")) {
            new Sql(database.dataSource(), database.schema() + schema).run("drop schema if exists {schema} cascade");
        }
    }

    /** Something that is down or not, and how it was called. */
    private final class Provider {
        private final AtomicInteger calls = new AtomicInteger();
        private final AtomicInteger running = new AtomicInteger();
        private final AtomicInteger most = new AtomicInteger();
        private volatile boolean down = true;
        private volatile CountDownLatch letGo = new CountDownLatch(0);

        void call(String name) throws InterruptedException {
            calls.incrementAndGet();
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            try {
                letGo.await();
                if (never.await(20, TimeUnit.MILLISECONDS) || down) {
                    throw Retry.dependencyDown(name, "connection refused");
                }
            } finally {
                running.decrementAndGet();
            }
        }
    }

    private Tidemill start(String schema, Breaker breaker, Handler<Mail> handler, String... dependencies) {
        return Tidemill.on(database.dataSource())
                .schema(database.schema() + schema)
                .queue("default", queue -> queue.concurrency(5))
                .breaker(breaker)
                .handle(Mail.class, handler, options -> options.attempts(1).dependsOn(dependencies))
                .handle(Plain.class, (job, run) -> {})
                .start();
    }

    private static BreakerView breaker(Tidemill mill, String name) {
        return mill.breakers().list().stream()
                .filter(view -> view.breaker().name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static void awaitState(Tidemill mill, String name, Set<State> states) {
        await().atMost(SOON)
                .pollInterval(Duration.ofMillis(10))
                .until(() -> states.contains(breaker(mill, name).state()));
    }

    private static List<Mail> mails(int count) {
        return IntStream.range(0, count).mapToObj(Mail::new).toList();
    }

    @Test
    void whileItIsDownNobodyCallsItButForOneProbeAtATimeAndNoAttemptIsBurned() {
        Provider smtp = new Provider();
        try (Tidemill one = start("_down", QUICK, (job, run) -> smtp.call("smtp"), "smtp");
                Tidemill other = start("_down", QUICK, (job, run) -> smtp.call("smtp"), "smtp")) {
            List<Long> ids = one.enqueueAll(mails(500));
            awaitState(one, "smtp", Set.of(State.OPEN, State.HALF_OPEN));
            // What ran when it opened comes to its end, and nodes hear of it within a second.
            int first = smtp.calls.get();
            await().atMost(SOON).until(() -> smtp.calls.get() > first && smtp.running.get() == 0);
            assertThat(smtp.calls.get()).as("of five hundred jobs").isLessThan(200);
            long plain = other.enqueue(new Plain(1));
            Jobs.in(other, plain, JobState.SUCCEEDED);
            smtp.most.set(0);
            long began = System.nanoTime();
            int before = smtp.calls.get();
            await().atMost(SOON).pollInterval(Duration.ofMillis(5)).until(() -> smtp.calls.get() >= before + 4);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isGreaterThan(Duration.ofMillis(1_500));
            assertThat(smtp.most.get()).isEqualTo(1);
            smtp.down = false;
            for (long id : ids) {
                assertThat(Jobs.outcomes(Jobs.in(one, id, JobState.SUCCEEDED)))
                        .isSubsetOf(AttemptOutcome.SUCCEEDED, AttemptOutcome.SNOOZED, AttemptOutcome.RELEASED)
                        .as("given back once at most")
                        .filteredOn(AttemptOutcome.RELEASED::equals)
                        .hasSizeLessThan(2);
            }
            assertThat(breaker(other, "smtp").state()).isEqualTo(State.CLOSED);
            assertThat(breaker(other, "smtp").opened()).isZero();
            assertThat(breaker(other, "smtp").kinds()).containsExactly("Mail");
        }
    }

    @Test
    void whileAProbeIsUnderWayNobodyElseMayProbe() throws Exception {
        Provider smtp = new Provider();
        Sql sql = new Sql(database.dataSource(), database.schema() + "_one");
        try (Tidemill mill = start("_one", QUICK, (job, run) -> smtp.call("smtp"), "smtp")) {
            mill.enqueueAll(mails(20));
            awaitState(mill, "smtp", Set.of(State.OPEN, State.HALF_OPEN));
            await().atMost(SOON).until(() -> smtp.running.get() == 0);
            smtp.letGo = new CountDownLatch(1);
            try {
                await().atMost(SOON)
                        .until(() ->
                                sql.number("select count(*) from {schema}.breaker where probe_job is not null") == 1
                                        && smtp.running.get() == 1);
                assertThat(sql.number("select coalesce(sum(cardinality({schema}.reserve_probe(f.epoch, 0, array("
                                + "select k.id from {schema}.kind k)))), 0)"
                                + " from (select distinct epoch from {schema}.fence) f"))
                        .isZero();
            } finally {
                smtp.down = false;
                smtp.letGo.countDown();
            }
            awaitState(mill, "smtp", Set.of(State.CLOSED));
        }
    }

    @Test
    void aProberThatIsKilledLeavesTheProbeToOthers() throws Exception {
        String schema = database.schema() + "_killed";
        try (Tidemill watcher = Tidemill.on(database.dataSource())
                .schema(schema)
                .heartbeat(Duration.ofSeconds(1), Duration.ofSeconds(20))
                .start()) {
            List<Long> ids = watcher.enqueueAll(mails(6));
            Process killed = process(schema);
            try {
                assertThat(killed.waitFor(60, TimeUnit.SECONDS)).isTrue();
                assertThat(killed.exitValue()).isEqualTo(137);
            } finally {
                killed.destroyForcibly();
            }
            assertThat(breaker(watcher, "smtp").state())
                    .as("its probe is under way")
                    .isEqualTo(State.HALF_OPEN);
            try (Tidemill next = start("_killed", QUICK, (job, run) -> {}, "smtp")) {
                for (long id : ids) {
                    Jobs.in(next, id, JobState.SUCCEEDED);
                }
                assertThat(breaker(next, "smtp").state()).isEqualTo(State.CLOSED);
            }
        }
    }

    private Process process(String schema) throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BreakerWorker.class.getName(),
                        database.jdbcUrl(),
                        database.user(),
                        database.password(),
                        schema)
                .redirectOutput(Redirect.DISCARD)
                .redirectError(Redirect.INHERIT)
                .start();
    }

    @Test
    void whatAPersonOpenedStaysOpenUntilAPersonClosesIt() throws Exception {
        Breaker quick = Breaker.of("smtp").openFor(Duration.ofMillis(100), Duration.ofMillis(100));
        try (Tidemill first = start("_hand", quick, (job, run) -> {}, "smtp")) {
            assertThat(first.breakers().open("smtp", "ada")).isTrue();
            assertThat(first.breakers().open("smtp", "ada")).isFalse();
        }
        try (Tidemill second = start("_hand", quick, (job, run) -> {}, "smtp")) {
            long id = second.enqueue(new Mail(1));
            Jobs.in(second, second.enqueue(new Plain(1)), JobState.SUCCEEDED);
            Why.Reason reason = second.why(id).orElseThrow().reasons().getFirst();
            assertThat(reason.cause()).isEqualTo(Why.Cause.BREAKER_OPEN);
            assertThat(reason.text()).contains("smtp").contains("by hand");
            assertThat(reason.figures()).containsEntry("by_hand", true);
            assertThat(reason.remedy()).isEqualTo("./tidemill breakers close smtp");
            assertThat(breaker(second, "smtp").nextProbe()).isNull();
            // A probe would have been due ten times by now.
            assertThat(never.await(1, TimeUnit.SECONDS)).isFalse();
            assertThat(second.job(id).orElseThrow().attempts()).isEmpty();
            assertThat(second.breakers().close("smtp", "bob")).isTrue();
            assertThat(second.breakers().close("smtp", "bob")).isFalse();
            Jobs.in(second, id, JobState.SUCCEEDED);
        }
        Sql here = new Sql(database.dataSource(), database.schema() + "_hand");
        assertThat(here.number(
                        "select count(*) from {schema}.audit where target = 'BREAKER smtp' and by in ('ada', 'bob')"))
                .isEqualTo(2);
    }

    @Test
    void thatItOpenedAndClosedByItselfStandsInTheAuditTrail() {
        Provider smtp = new Provider();
        try (Tidemill mill = start("_told", QUICK, (job, run) -> smtp.call("smtp"), "smtp")) {
            List<Long> ids = mill.enqueueAll(mails(20));
            // One probe fails at least, which changes nothing: it was open and stays so.
            await().atMost(SOON).until(() -> breaker(mill, "smtp").opened() >= 2);
            assertThat(mill.audit(Long.MAX_VALUE, 10, null, "BREAKER smtp"))
                    .singleElement()
                    .satisfies(line -> {
                        assertThat(line.by()).isEqualTo("engine");
                        assertThat(line.action()).isEqualTo("open breaker");
                        assertThat(line.detail()).contains("connection refused");
                    });
            smtp.down = false;
            ids.forEach(id -> Jobs.in(mill, id, JobState.SUCCEEDED));
            assertThat(mill.audit(Long.MAX_VALUE, 10, null, "BREAKER smtp"))
                    .hasSize(2)
                    .first()
                    .satisfies(line -> {
                        assertThat(line.by()).isEqualTo("engine");
                        assertThat(line.action()).isEqualTo("close breaker");
                        assertThat(line.detail()).matches("job \\d+ succeeded");
                    });
        }
    }

    @Test
    void aKindThatDependsOnSeveralWaitsForAllOfThemAndFindsOutAboutAll() throws Exception {
        Provider smtp = new Provider();
        Provider dns = new Provider();
        Handler<Mail> handler = (job, run) -> {
            dns.call("dns");
            smtp.call("smtp");
        };
        smtp.down = false;
        Breaker dnsBreaker =
                new Breaker("dns", 2, null, 20, Duration.ofMinutes(1), Duration.ofMillis(300), Duration.ofMillis(300));
        try (Tidemill mill = start("_both", dnsBreaker, handler, "smtp", "dns")) {
            List<Long> ids = mill.enqueueAll(mails(4));
            awaitState(mill, "dns", Set.of(State.OPEN, State.HALF_OPEN));
            assertThat(breaker(mill, "smtp").state()).as("not to blame").isEqualTo(State.CLOSED);
            assertThat(breaker(mill, "dns").lastError()).contains("connection refused");
            sqlIn("_both", "update {schema}.breaker set state = 1, until = 0 where name = 'smtp'");
            dns.down = false;
            ids.forEach(id -> Jobs.in(mill, id, JobState.SUCCEEDED));
            assertThat(breaker(mill, "dns").state()).isEqualTo(State.CLOSED);
            assertThat(breaker(mill, "smtp").state()).isEqualTo(State.CLOSED);
        }
    }

    private void sqlIn(String schema, String statement) throws SQLException {
        new Sql(database.dataSource(), database.schema() + schema).run(statement);
    }

    @Test
    void aShareOfFailuresOpensItTooAndFailuresOfOtherSortsDoNot() {
        AtomicInteger calls = new AtomicInteger();
        Breaker shared = Breaker.of("smtp").failures(1_000).ratio(0.5, 10, Duration.ofMinutes(1));
        Handler<Mail> mostly = (job, run) -> {
            if (job.number() < 0) {
                throw Retry.after(Duration.ofHours(1), "its own fault").notCounted();
            }
            if (calls.incrementAndGet() % 3 != 0) {
                throw Retry.dependencyDown("mail-gateway", "it depends on one thing");
            }
        };
        try (Tidemill mill = start("_ratio", shared, mostly, "smtp")) {
            List<Long> own =
                    mill.enqueueAll(IntStream.range(-30, 0).mapToObj(Mail::new).toList());
            own.forEach(id -> Jobs.in(mill, id, JobState.SCHEDULED));
            assertThat(breaker(mill, "smtp").failuresInRow()).isZero();
            mill.enqueueAll(mails(200));
            awaitState(mill, "smtp", Set.of(State.OPEN));
        }
    }

    @Test
    void badSettingsAndUnknownNamesAreRefused() {
        assertThatThrownBy(() -> Breaker.of("no good")).isInstanceOf(TidemillException.class);
        assertThatThrownBy(() -> Breaker.of("a").failures(0)).hasMessageContaining("1 to 10000");
        assertThatThrownBy(() -> Breaker.of("a").ratio(2, 1, Duration.ofSeconds(1)))
                .hasMessageContaining("ratio");
        assertThatThrownBy(() -> Breaker.of("a").openFor(Duration.ofMinutes(2), Duration.ofMinutes(1)))
                .hasMessageContaining("PT2M");
        assertThatThrownBy(() -> HandlerOptions.STANDARD.dependsOn(
                        IntStream.range(0, 11).mapToObj(i -> "d" + i).toArray(String[]::new)))
                .hasMessageContaining("at most 10");
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema() + "_bad")
                .start()) {
            assertThatThrownBy(() -> mill.breakers().open("nobody", "ada"))
                    .isInstanceOf(TidemillException.class)
                    .hasMessageContaining("nobody");
        }
    }
}

package dev.tidemill.chaos;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import dev.tidemill.chaos.Jobs.Halved;
import dev.tidemill.chaos.Jobs.Held;
import dev.tidemill.chaos.Jobs.Latest;
import dev.tidemill.chaos.Jobs.Telling;
import dev.tidemill.chaos.Jobs.Work;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.Enqueued.How;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Unique;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** SIGKILL in the middle of a chunk that is taken apart, of reports, pauses, drains, turns, and unique jobs. */
@ExtendWith(FreshSchema.class)
class KilledMidwayTest {
    private static final Duration SOON = Duration.ofSeconds(40);
    private static final Duration WINDOW = Duration.ofMillis(100);

    private final Site site;
    private final Ledger ledger;
    private final Tidemill desk;

    KilledMidwayTest(TestDatabase database) {
        this.site = Stage.site(database).inFreshSchema();
        this.ledger = Ledger.open(site);
        ledger.execute("create table {s}.latest (job bigint not null, number integer not null)");
        // Whatever is rescued, the workers rescue: to this one nobody is dead for an hour.
        this.desk = Tidemill.on(site.dataSource())
                .schema(site.schema())
                .heartbeat(Duration.ofMinutes(1), Duration.ofHours(1))
                .start();
    }

    @AfterEach
    void drop() {
        desk.close();
        ledger.drop();
    }

    private WorkerProcess start(String name, int concurrency) {
        return Stage.start(site, name, Pace.BRISK_AND_SURE, concurrency, MidwayDuties.class);
    }

    private static List<Work> work(int count, int millis) {
        return IntStream.range(0, count).mapToObj(i -> new Work(millis)).toList();
    }

    private static String list(Collection<Long> jobs) {
        return jobs.stream().map(String::valueOf).collect(Collectors.joining(", "));
    }

    @Test
    void ofAChunkThatIsTakenApartWhatWasDoneStaysDoneAndTheRestIsDoneOnce() {
        List<Long> jobs = site.enqueue(
                IntStream.range(0, 8).mapToObj(i -> new Halved(i == 2)).toList());
        long bad = jobs.get(2);
        List<Long> doneByTheVictim;
        try (WorkerProcess victim = start("victim", 4)) {
            victim.awaitLine("halves " + bad + " 1");
            victim.kill();
            doneByTheVictim = ledger.numbers("select job from {s}.attempt where outcome = 0");
        }
        assertThat(doneByTheVictim).hasSizeBetween(1, 6);
        try (WorkerProcess heir = start("heir", 4)) {
            heir.say("go");
            ledger.awaitAtLeast(7, jobs);
            Waiting.until(
                    "the bad one is a dead letter",
                    SOON,
                    () -> ledger.number("select count(*) from {s}.dead_letter where job = " + bad) == 1);
            heir.stop();
        }
        assertThat(Audit.of(ledger, jobs, List.of("Halved"), List.of()).violations())
                .containsOnly(entry("wrong_end", List.of(bad)));
        for (long job : jobs) {
            assertThat(ledger.outcomes(job))
                    .isEqualTo(
                            doneByTheVictim.contains(job)
                                    ? List.of(AttemptOutcome.SUCCEEDED)
                                    : List.of(
                                            AttemptOutcome.LOST,
                                            job == bad ? AttemptOutcome.FAILED : AttemptOutcome.SUCCEEDED));
        }
    }

    @Test
    void whatAnAttemptSaidStaysAndHowFarItWasGoesWithIt() {
        long job = site.enqueue(new Telling());
        try (WorkerProcess victim = start("victim", 4)) {
            Waiting.until(
                    "it has told",
                    SOON,
                    () -> desk.job(job).orElseThrow().progress() != null
                            && desk.log(job, 10).size() == 1);
            victim.kill();
        }
        try (WorkerProcess heir = start("heir", 4)) {
            heir.awaitLine("runs " + job + " 2");
            assertThat(desk.job(job).orElseThrow())
                    .matches(view -> view.state() == JobState.RUNNING)
                    .matches(view -> view.progress() == null, "shows nothing of the attempt that is gone");
            heir.say("go");
            ledger.awaitAll(List.of(job));
            heir.stop();
        }
        JobView through = desk.job(job).orElseThrow();
        assertThat(through.attempts())
                .extracting(AttemptView::outcome)
                .containsExactly(AttemptOutcome.LOST, AttemptOutcome.SUCCEEDED);
        assertThat(through.attempts()).extracting(AttemptView::result).containsExactly(null, "{\"attempt\":2}");
        assertThat(desk.log(job, 10))
                .extracting(LogLine::text)
                .containsExactly("said by the first", "said by the second");
        assertThat(ledger.number("select count(*) from {s}.progress")).isZero();
    }

    @Test
    void whatWasLostOfAPausedKindWaitsUntilItIsResumed() {
        long job = site.enqueue(new Held());
        try (WorkerProcess victim = start("victim", 4)) {
            victim.awaitLine("runs " + job + " 1");
            desk.pauses().pause(Pause.Scope.KIND, "Held", "tester", "a look at it");
            victim.kill();
        }
        try (WorkerProcess heir = start("heir", 4)) {
            ledger.awaitDead("victim");
            assertThat(ledger.outcomes(job)).containsExactly(AttemptOutcome.LOST);
            // The heir claims, and more than once: what comes after the rescue is done.
            ledger.awaitAll(site.enqueue(work(50, 5)));
            assertThat(heir.hasSaid("runs " + job + " 2")).isFalse();
            assertThat(desk.job(job).orElseThrow().state()).isEqualTo(JobState.READY);
            desk.pauses().resume(Pause.Scope.KIND, "Held", "tester");
            heir.awaitLine("runs " + job + " 2");
            heir.say("go");
            ledger.awaitAll(List.of(job));
            heir.stop();
        }
        Stage.assertAllDoneOnce(ledger, List.of(job));
    }

    @Test
    void whoeverIsDrainedClaimsNothingWhenItIsStartedAgain() {
        List<Long> jobs = new ArrayList<>();
        try (WorkerProcess rock = start("rock", 1)) {
            try (WorkerProcess victim = start("victim", 4)) {
                desk.nodes().drain("victim", "tester", "a new disk");
                victim.kill();
            }
            try (WorkerProcess again = start("victim", 4)) {
                jobs.addAll(site.enqueue(work(40, 30)));
                ledger.awaitAll(jobs);
                assertThat(jobs).allMatch(job -> ledger.nodeThatSucceeded(job).equals("rock"));
                rock.stop();
                desk.nodes().undrain("victim", "tester");
                long last = site.enqueue(new Work(1));
                ledger.awaitAll(List.of(last));
                assertThat(ledger.nodeThatSucceeded(last)).isEqualTo("victim");
                jobs.add(last);
                again.stop();
            }
        }
        Stage.assertAllDoneOnce(ledger, jobs);
    }

    @Test
    void keysGoOnTakingTurns() {
        desk.limits().shareFairly("default");
        List<Long> large = desk.enqueueAll(work(300, 10), EnqueueOptions.NONE.key("large"));
        List<Long> small;
        try (WorkerProcess victim = start("victim", 2)) {
            ledger.awaitAtLeast(20, large);
            small = desk.enqueueAll(work(20, 10), EnqueueOptions.NONE.key("small"));
            ledger.awaitAtLeast(2, small);
            victim.kill();
        }
        try (WorkerProcess heir = start("heir", 2)) {
            ledger.awaitAll(small);
            ledger.awaitAll(large);
            heir.stop();
        }
        assertThat(ledger.number("select count(*) from {s}.attempt where outcome = 0 and job in (" + list(large)
                        + ") and started < (select max(started) from {s}.attempt where job in (" + list(small) + "))"))
                .as("of three hundred, before the last of twenty that came later")
                .isLessThan(150);
        large.addAll(small);
        Stage.assertAllDoneOnce(ledger, large);
    }

    @Test
    void ofEveryUniqueJobTheLastPayloadThatWasAcceptedRuns() throws Exception {
        Map<Long, Integer> accepted = new HashMap<>();
        List<Integer> early = new ArrayList<>();
        AtomicBoolean ended = new AtomicBoolean();
        int replaced;
        try (WorkerProcess rock = start("rock", 2)) {
            FutureTask<Integer> feeding = new FutureTask<>(() -> feed(accepted, early, ended));
            Thread.ofPlatform().daemon().name("feeding").start(feeding);
            for (int round = 0; round < 3; round++) {
                try (WorkerProcess victim = start("victim" + round, 4)) {
                    int before = ledger.number("select count(*) from {s}.latest");
                    Waiting.until(
                            "more have run",
                            SOON,
                            () -> feeding.isDone() || ledger.number("select count(*) from {s}.latest") >= before + 40);
                    victim.kill();
                }
            }
            ended.set(true);
            replaced = feeding.get();
            ledger.awaitAll(List.copyOf(accepted.keySet()));
            rock.stop();
        }
        assertThat(replaced).isPositive();
        Audit audit = Audit.of(ledger, accepted.keySet(), List.of("Latest"), List.of());
        assertThat(audit.violations()).isEmpty();
        Map<Long, Integer> ran = new HashMap<>();
        for (long job : ledger.numbers("select job from {s}.latest")) {
            ran.put(job, ledger.number("select number from {s}.latest where job = " + job));
        }
        assertThat(ran).isEqualTo(accepted);
        assertThat(early).as("within the window of another").isEmpty();
    }

    /**
     * Until told to end; returns how many replaced the payload of another, whose id has the number of the last. A window
     * begins within the call that takes the key: early are those whose call was over before it could have ended.
     */
    private int feed(Map<Long, Integer> accepted, List<Integer> early, AtomicBoolean ended) {
        int replaced = 0;
        Map<String, Long> lastBegan = new HashMap<>();
        for (int number = 0; !ended.get(); number++) {
            String mode = List.of("replace", "debounce", "throttle").get(number % 3);
            Unique unique = Unique.key(mode + number % 4);
            unique = switch (mode) {
                case "replace" -> unique.replace();
                case "debounce" -> unique.debounce(Duration.ofMillis(20), Duration.ofMillis(100));
                default -> unique.throttle(WINDOW);
            };
            long began = System.nanoTime();
            Enqueued enqueued = desk.enqueueUnique(new Latest(unique.key(), number), EnqueueOptions.unique(unique));
            if (enqueued.how() != How.KEPT) {
                accepted.put(enqueued.id(), number);
                Long last = mode.equals("throttle") ? lastBegan.put(unique.key(), began) : null;
                if (last != null && System.nanoTime() - last < WINDOW.toNanos()) {
                    early.add(number);
                }
            }
            replaced += enqueued.how() == How.REPLACED ? 1 : 0;
            Waiting.pass(Duration.ofMillis(2));
        }
        return replaced;
    }
}

package dev.tidemill.jobs.engine;

import static dev.tidemill.jobs.FireOutcome.ENQUEUED;
import static dev.tidemill.jobs.FireOutcome.MISSED;
import static dev.tidemill.jobs.FireOutcome.SKIPPED;
import static dev.tidemill.jobs.FireOutcome.WAITING;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.FireOutcome;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.store.Clockwork.Fire;
import dev.tidemill.jobs.store.Clockwork.Plan;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.ScheduleDraft;
import dev.tidemill.jobs.store.StoredSchedule;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** What a schedule does, with time as an argument. Times are seconds after midnight. */
final class FirePlannerTest {
    private static final long MIDNIGHT = Instant.parse("2026-11-22T00:00:00Z").getEpochSecond() * 1_000_000;
    private static final Timing EVERY_HOUR = Timing.cron("0 * * * *", "UTC");
    private static final NewJob JOB =
            new NewJob("Kind", "default", Priority.MEDIUM, "{}", null, null, Map.of(), 0, 0, 0);

    private final FirePlanner planner = new FirePlanner((schedule, fire) -> JOB);

    private static long at(long second) {
        return MIDNIGHT + second * 1_000_000;
    }

    private static StoredSchedule schedule(Timing timing, CatchUp catchUp, Overlap overlap, long next) {
        return schedule(timing, catchUp, overlap, next, List.of(), 0, List.of());
    }

    private static StoredSchedule schedule(
            Timing timing,
            CatchUp catchUp,
            Overlap overlap,
            long next,
            List<Long> unfinished,
            long ended,
            List<Long> waiting) {
        ScheduleDraft draft = new ScheduleDraft(
                "name", timing, "Kind", "{}", "default", Priority.MEDIUM, null, null, null, Map.of(), catchUp, overlap);
        return new StoredSchedule(
                draft, at(0), false, false, false, at(0), at(0), next, 0, unfinished, ended, waiting, null);
    }

    private static List<Long> fires(Plan plan, FireOutcome outcome) {
        return plan.fires().stream()
                .filter(fire -> fire.outcome() == outcome)
                .map(fire -> (fire.fireMicros() - MIDNIGHT) / 1_000_000)
                .toList();
    }

    @Test
    void aFireInTimeIsEnqueuedAndTheNextOneIsKnown() {
        Plan plan = planner.plan(schedule(EVERY_HOUR, CatchUp.NONE, Overlap.SKIP, at(3600)), at(3601));
        assertThat(fires(plan, ENQUEUED)).containsExactly(3600L);
        assertThat(plan.nextMicros()).isEqualTo(at(7200));
        assertThat(plan.lastMicros()).isEqualTo(at(3600));
        assertThat(plan.wakeMicros()).as("to see the job end").isLessThan(at(7200));
    }

    @Test
    void afterTenHoursAloneEachPolicyCatchesUpWhatItSays() {
        long now = at(36_000 + 1_800);
        assertThat(fires(planner.plan(schedule(EVERY_HOUR, CatchUp.NONE, Overlap.ALLOW, at(3600)), now), ENQUEUED))
                .isEmpty();
        assertThat(fires(planner.plan(schedule(EVERY_HOUR, CatchUp.LAST, Overlap.ALLOW, at(3600)), now), ENQUEUED))
                .containsExactly(36_000L);
        assertThat(fires(
                        planner.plan(schedule(EVERY_HOUR, CatchUp.bounded(3), Overlap.ALLOW, at(3600)), now), ENQUEUED))
                .containsExactly(28_800L, 32_400L, 36_000L);
        assertThat(fires(planner.plan(schedule(EVERY_HOUR, CatchUp.ALL, Overlap.ALLOW, at(3600)), now), ENQUEUED))
                .hasSize(10);
    }

    @Test
    void whatIsNotCaughtUpIsOneRecordFromItsFirstToItsLast() {
        Plan plan = planner.plan(schedule(EVERY_HOUR, CatchUp.bounded(3), Overlap.ALLOW, at(3600)), at(37_800));
        Fire missed = plan.fires().getFirst();
        assertThat(missed.outcome()).isEqualTo(MISSED);
        assertThat(missed.fireMicros()).isEqualTo(at(25_200));
        assertThat(missed.sinceMicros()).isEqualTo(at(3600));
        assertThat(plan.nextMicros()).isEqualTo(at(39_600));
    }

    private static StoredSchedule after(Plan plan, StoredSchedule before, List<Long> unfinished, List<Long> waiting) {
        return new StoredSchedule(
                before.draft(),
                at(0),
                false,
                false,
                false,
                at(0),
                at(0),
                plan.nextMicros(),
                plan.lastMicros(),
                unfinished,
                0,
                waiting,
                null);
    }

    @Test
    void allAreCaughtUpAPageAtATimeOldestFirst() {
        for (Timing everySecond : List.of(Timing.cron("* * * * * *", "UTC"), Timing.every(Duration.ofSeconds(1)))) {
            StoredSchedule schedule = schedule(everySecond, CatchUp.ALL, Overlap.ALLOW, at(1));
            List<Long> fired = new ArrayList<>();
            for (int page = 0; page < 3; page++) {
                Plan plan = planner.plan(schedule, at(2_500));
                assertThat(plan.fires()).hasSize(page < 2 ? FirePlanner.PAGE : 500);
                assertThat(plan.wakeMicros()).isEqualTo(page < 2 ? at(2_500) : at(2_501));
                fired.addAll(fires(plan, ENQUEUED));
                schedule = after(plan, schedule, List.of(7L), List.of());
            }
            assertThat(fired)
                    .containsExactlyElementsOf(
                            LongStream.rangeClosed(1, 2_500).boxed().toList());
            assertThat(schedule.nextMicros()).isEqualTo(at(2_501));
            assertThat(schedule.lastMicros()).isEqualTo(at(2_500));
        }
    }

    @Test
    void aNumberLeavesOutTheOlderOnes() {
        Timing everySecond = Timing.cron("* * * * * *", "UTC");
        Plan plan = planner.plan(schedule(everySecond, CatchUp.bounded(999), Overlap.ALLOW, at(1)), at(86_400));
        assertThat(fires(plan, ENQUEUED)).hasSize(999).contains(86_400L).doesNotHaveDuplicates();
        assertThat(fires(plan, MISSED)).containsExactly(85_401L);
    }

    @Test
    void whatWasMissedWaitsForRoomInTheQueueAndOnlyWhatIsInTimeIsSkipped() {
        StoredSchedule schedule = schedule(Timing.cron("* * * * * *", "UTC"), CatchUp.ALL, Overlap.QUEUE, at(1));
        Plan first = planner.plan(schedule, at(3_000));
        assertThat(fires(first, ENQUEUED)).containsExactly(1L);
        assertThat(fires(first, WAITING))
                .containsExactlyElementsOf(
                        LongStream.rangeClosed(2, 101).boxed().toList());
        assertThat(first.fires()).hasSize(101);
        assertThat(first.nextMicros()).isEqualTo(at(102));
        assertThat(first.lastMicros()).isEqualTo(at(101));
        assertThat(first.wakeMicros()).as("no busy loop").isGreaterThan(at(3_000));

        List<Long> waiting =
                LongStream.rangeClosed(2, 101).mapToObj(FirePlannerTest::at).toList();
        Plan full = planner.plan(after(first, schedule, List.of(7L), waiting), at(3_001));
        assertThat(full.fires()).isEmpty();
        assertThat(full.nextMicros()).isEqualTo(at(102));
        assertThat(full.lastMicros()).isEqualTo(at(101));
        Plan room = planner.plan(after(first, schedule, List.of(), waiting), at(3_002));
        assertThat(room.released()).extracting(Fire::fireMicros).containsExactly(at(2));
        assertThat(fires(room, WAITING)).containsExactly(102L);
        assertThat(room.nextMicros()).isEqualTo(at(103));

        Plan inTime = planner.plan(after(first, schedule, List.of(7L), waiting), at(150));
        assertThat(fires(inTime, SKIPPED)).hasSize(49);
        assertThat(inTime.nextMicros()).isEqualTo(at(151));
    }

    @Test
    void noFireIsPlannedTwiceEvenIfTheClockGoesBack() {
        StoredSchedule fired = new StoredSchedule(
                schedule(EVERY_HOUR, CatchUp.ALL, Overlap.ALLOW, 0).draft(),
                at(0),
                false,
                false,
                false,
                at(0),
                at(0),
                at(3600),
                at(7200),
                List.of(),
                0,
                List.of(),
                null);
        assertThat(planner.plan(fired, at(7200)).fires()).isEmpty();
        assertThat(fires(planner.plan(fired, at(10_800)), ENQUEUED)).containsExactly(10_800L);
    }

    @Test
    void whileAJobIsUnfinishedEachPolicyDoesWhatItSays() {
        for (Overlap overlap : Overlap.values()) {
            Plan plan = planner.plan(
                    schedule(EVERY_HOUR, CatchUp.LAST, overlap, at(3600), List.of(7L), 0, List.of()), at(3600));
            FireOutcome expected = switch (overlap) {
                case SKIP -> SKIPPED;
                case QUEUE -> WAITING;
                case ALLOW -> ENQUEUED;
            };
            assertThat(fires(plan, expected)).as("%s", overlap).containsExactly(3600L);
        }
    }

    @Test
    void caughtUpFiresOverlapEachOther() {
        Plan skip = planner.plan(schedule(EVERY_HOUR, CatchUp.ALL, Overlap.SKIP, at(3600)), at(14_400));
        assertThat(fires(skip, ENQUEUED)).containsExactly(3600L);
        assertThat(fires(skip, SKIPPED)).hasSize(3);
        Plan queue = planner.plan(schedule(EVERY_HOUR, CatchUp.ALL, Overlap.QUEUE, at(3600)), at(14_400));
        assertThat(fires(queue, ENQUEUED)).containsExactly(3600L);
        assertThat(fires(queue, WAITING)).hasSize(3);
    }

    @Test
    void whatWaitsGoesOneAtATimeAndNoMoreThanAHundredWait() {
        List<Long> waiting =
                LongStream.rangeClosed(1, 100).mapToObj(FirePlannerTest::at).toList();
        Plan full = planner.plan(
                schedule(EVERY_HOUR, CatchUp.LAST, Overlap.QUEUE, at(3600), List.of(7L), 0, waiting), at(3600));
        assertThat(full.released()).isEmpty();
        assertThat(fires(full, SKIPPED)).containsExactly(3600L);
        Plan free = planner.plan(
                schedule(EVERY_HOUR, CatchUp.LAST, Overlap.QUEUE, at(3600), List.of(), at(3590), waiting), at(3600));
        assertThat(free.released()).extracting(Fire::fireMicros).containsExactly(at(1));
        assertThat(fires(free, WAITING)).containsExactly(3600L);
        assertThat(free.wakeMicros()).isEqualTo(at(3600) + 500_000);
    }

    @Test
    void aDelayCountsFromTheEndOfTheJob() {
        Timing delay = Timing.afterEach(Duration.ofMinutes(10));
        Plan first = planner.plan(schedule(delay, CatchUp.LAST, Overlap.SKIP, at(600)), at(600));
        assertThat(fires(first, ENQUEUED)).containsExactly(600L);
        assertThat(first.nextMicros()).isZero();
        Plan busy = planner.plan(schedule(delay, CatchUp.LAST, Overlap.SKIP, 0, List.of(7L), 0, List.of()), at(1000));
        assertThat(busy.fires()).isEmpty();
        assertThat(busy.wakeMicros()).isEqualTo(at(1010));
        Plan ended =
                planner.plan(schedule(delay, CatchUp.LAST, Overlap.SKIP, 0, List.of(), at(1005), List.of()), at(1010));
        assertThat(ended.fires()).isEmpty();
        assertThat(ended.nextMicros()).isEqualTo(at(1605));
        assertThat(ended.wakeMicros()).isEqualTo(at(1605));
    }

    @Test
    void anEndThatCannotBeToldAnyMoreCountsAsNow() {
        Timing delay = Timing.afterEach(Duration.ofMinutes(10));
        Plan plan = planner.plan(schedule(delay, CatchUp.LAST, Overlap.SKIP, 0), at(5000));
        assertThat(plan.nextMicros()).isEqualTo(at(5600));
    }

    @Test
    void aOneOffFiresOnceAndIsThrough() {
        Timing once = Timing.once(Instant.parse("2026-11-22T01:00:00Z"));
        Plan plan = planner.plan(schedule(once, CatchUp.LAST, Overlap.ALLOW, at(3600)), at(90_000));
        assertThat(fires(plan, ENQUEUED)).containsExactly(3600L);
        assertThat(plan.nextMicros()).isZero();
        assertThat(plan.wakeMicros()).isZero();
        Plan none = planner.plan(schedule(once, CatchUp.NONE, Overlap.ALLOW, at(3600)), at(90_000));
        assertThat(fires(none, MISSED)).containsExactly(3600L);
    }

    @Test
    void aRateWithoutAStartBeginsOnePeriodAfterItWasPut() {
        Timing rate = Timing.every(Duration.ofSeconds(90));
        Plan plan = planner.plan(schedule(rate, CatchUp.ALL, Overlap.ALLOW, at(90)), at(300));
        assertThat(fires(plan, ENQUEUED)).containsExactly(90L, 180L, 270L);
        assertThat(plan.nextMicros()).isEqualTo(at(360));
    }

    @Test
    void aPauseIsNotCaughtUpButAOneOffIs() {
        assertThat(FirePlanner.resumed(schedule(EVERY_HOUR, CatchUp.ALL, Overlap.SKIP, at(3600)), at(40_000)))
                .isEqualTo(at(43_200));
        Timing rate = Timing.every(Duration.ofSeconds(90));
        assertThat(FirePlanner.resumed(schedule(rate, CatchUp.ALL, Overlap.SKIP, at(90)), at(300)))
                .as("in its old rhythm")
                .isEqualTo(at(360));
        Timing delay = Timing.afterEach(Duration.ofMinutes(10));
        assertThat(FirePlanner.resumed(schedule(delay, CatchUp.ALL, Overlap.SKIP, at(600)), at(40_000)))
                .isEqualTo(at(40_000));
        assertThat(FirePlanner.resumed(schedule(delay, CatchUp.ALL, Overlap.SKIP, at(50_000)), at(40_000)))
                .isEqualTo(at(50_000));
        assertThat(FirePlanner.resumed(schedule(delay, CatchUp.ALL, Overlap.SKIP, 0), at(40_000)))
                .as("its job has not ended")
                .isZero();
        Timing once = Timing.once(Instant.parse("2026-11-22T01:00:00Z"));
        assertThat(FirePlanner.resumed(schedule(once, CatchUp.ALL, Overlap.SKIP, at(3600)), at(40_000)))
                .isEqualTo(at(3600));
    }

    @Test
    void whatCannotBePlannedIsPutOffWithItsReason() {
        FirePlanner broken = new FirePlanner((schedule, fire) -> {
            throw new IllegalStateException("no such job");
        });
        Plan plan = broken.plan(schedule(EVERY_HOUR, CatchUp.LAST, Overlap.SKIP, at(3600)), at(3600));
        assertThat(plan.error()).isEqualTo("no such job");
        assertThat(plan.nextMicros()).as("nothing is lost").isEqualTo(at(3600));
        assertThat(plan.wakeMicros()).isEqualTo(at(3660));
    }
}

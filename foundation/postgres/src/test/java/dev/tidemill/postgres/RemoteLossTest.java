package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.RemoteWork;
import dev.tidemill.jobs.RemoteWork.Beat;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.jobs.RemoteWork.Handle;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.RemoteWork.Request;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What becomes of jobs whose workers, or the process that handed them out, fall silent. */
@ExtendWith(FreshSchema.class)
final class RemoteLossTest extends WorkersElsewhere {
    RemoteLossTest(TestDatabase database) {
        super(database);
    }

    @Test
    void aSilentWorkerLosesTheJobAndItsLateWordChangesNothing() throws Exception {
        long id = enqueue();
        Held first = sameWorkerClaims(SHORT);
        Held second = claimOne();
        assertThat(second.handle().job()).isEqualTo(id);
        assertThat(second.handle().attempt()).isEqualTo(2);
        assertThat(second.failures()).isZero();

        refused(() -> mill.remote().finish(first.handle(), null), ErrorCode.LEASE_LOST);
        refused(() -> mill.remote().fail(first.handle(), Failure.permanent("no")), ErrorCode.LEASE_LOST);
        Beat beat = mill.remote().heartbeat(first.handle(), null, List.of());
        assertThat(beat.goOn()).isFalse();
        assertThat(beat.ended()).isEqualTo(AttemptOutcome.LOST);
        assertThat(mill.job(id).orElseThrow().state()).isEqualTo(JobState.RUNNING);

        mill.remote().finish(second.handle(), null);
        JobView job = mill.job(id).orElseThrow();
        assertThat(Jobs.outcomes(job)).containsExactly(AttemptOutcome.LOST, AttemptOutcome.SUCCEEDED);
        assertThat(job.attempts().getFirst().error()).contains("python-1", "1000 ms");
    }

    @Test
    void aQuestionThatASilentWorkerLeftOpenGetsNoJob() throws Exception {
        long id = enqueue();
        assertThat(sameWorkerClaims(SHORT).handle().job()).isEqualTo(id);
        List<Held> left = mill.remote().claim(asking(1, Duration.ofSeconds(30), Duration.ofSeconds(30)));
        assertThat(left).isEmpty();
        assertThat(claimOne().handle()).extracting(Handle::job, Handle::attempt).containsExactly(id, 2);
    }

    @Test
    void heartbeatsKeepAnAttemptBeyondItsLease() throws Exception {
        long id = enqueue();
        Duration lease = Duration.ofSeconds(5);
        Held held = claimOne(lease);
        long began = System.nanoTime();
        await().pollInterval(Duration.ofMillis(200)).until(() -> {
            assertThat(mill.remote().heartbeat(held.handle(), null, List.of()).goOn())
                    .isTrue();
            return System.nanoTime() - began > lease.plusSeconds(2).toNanos();
        });
        mill.remote().finish(held.handle(), null);
        assertThat(Jobs.outcomes(mill.job(id).orElseThrow())).containsExactly(AttemptOutcome.SUCCEEDED);
    }

    @Test
    void aJobWithWhichWorkersFallSilentIsBlamedInTheEndAndItsCompanyIsNot() throws Exception {
        long poison = enqueue();
        assertThat(claimOne(SHORT).handle().job()).isEqualTo(poison);
        await().atMost(Jobs.SOON).until(() -> mill.job(poison).orElseThrow().state() == JobState.READY);
        long company = enqueue();
        List<Held> both = mill.remote().claim(asking(2, Duration.ofSeconds(30), SHORT));
        assertThat(both).hasSize(2);
        await().atMost(Jobs.SOON).until(() -> mill.job(poison).orElseThrow().state() == JobState.DEAD);
        assertThat(mill.deadLetters(null, 1000).stream()
                        .filter(letter -> letter.jobId() == poison)
                        .map(DeadLetter::code))
                .containsExactly("POISONED");
        Held again = claimOne();
        assertThat(again.handle().job()).isEqualTo(company);
        mill.remote().finish(again.handle(), null);
    }

    @Test
    void aWorkerHasOneSuspectAtATime() throws Exception {
        List<Long> ids = List.of(enqueue(), enqueue());
        assertThat(mill.remote().claim(asking(2, Duration.ofSeconds(30), SHORT)))
                .hasSize(2);
        await().atMost(Jobs.SOON)
                .until(() ->
                        ids.stream().allMatch(id -> mill.job(id).orElseThrow().state() == JobState.READY));
        Held one = sameWorkerClaims(Duration.ofSeconds(30));
        assertThat(claimNow(2)).isEmpty();
        mill.remote().finish(one.handle(), null);
        Held other = claimOne();
        mill.remote().finish(other.handle(), null);
        assertThat(ids).allMatch(id -> mill.job(id).orElseThrow().state() == JobState.SUCCEEDED);
    }

    @Test
    void anotherProcessSaysWhoHandedTheJobOut() throws Exception {
        enqueue();
        Held held = claimOne();
        try (Tidemill other = builder().nodeName("server-2").start()) {
            RemoteWork there = other.remote();
            assertThatThrownBy(() -> there.finish(held.handle(), null))
                    .isInstanceOfSatisfying(
                            TidemillException.class,
                            refused -> assertThat(refused.code()).isEqualTo(ErrorCode.HELD_ELSEWHERE))
                    .hasMessageContaining("server-1");
            mill.remote().finish(held.handle(), null);
        }
    }

    @Test
    void aJobThatAStoppedProcessHadHandedOutGoesToTheNextOne() throws Exception {
        long id = enqueue();
        Held held = claimOne();
        try (Tidemill other = builder().nodeName("server-2").start()) {
            mill.stop(Duration.ZERO);
            Request asking = asking(1, Duration.ofSeconds(30), Duration.ofSeconds(30));
            Held again = other.remote().claim(asking).getFirst();
            assertThat(again.handle().job()).isEqualTo(id);
            refused(() -> other.remote().finish(held.handle(), null), ErrorCode.LEASE_LOST);
            other.remote().finish(again.handle(), null);
            assertThat(Jobs.outcomes(other.job(id).orElseThrow()))
                    .containsExactly(AttemptOutcome.RELEASED, AttemptOutcome.SUCCEEDED);
        }
    }
}

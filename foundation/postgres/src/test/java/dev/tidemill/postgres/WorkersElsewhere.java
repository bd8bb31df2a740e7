package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.BreakerView.State;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.RemoteWork.Held;
import dev.tidemill.jobs.RemoteWork.Request;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.testkit.TestDatabase;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;

/** Workers that get their jobs from a process of ours and tell it what became of them. */
abstract class WorkersElsewhere {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    static final Duration SHORT = Duration.ofSeconds(1);

    final TestDatabase database;
    final Tidemill mill;
    /** One of its own for each test. */
    final String kind = "Resize" + COUNTER.incrementAndGet();

    WorkersElsewhere(TestDatabase database) {
        this.database = database;
        this.mill = builder().poisonAfter(2).nodeName("server-1").start();
    }

    final TidemillBuilder builder() {
        return Tidemill.on(database.dataSource()).schema(database.schema());
    }

    @AfterEach
    final void stop() {
        mill.stop(Duration.ZERO);
    }

    final long enqueue() {
        return mill.enqueue(new JobRequest(kind, "{\"image\": 7}"));
    }

    final Request asking(int max, Duration wait, Duration lease) {
        return new Request("python-1", Set.of(kind), Set.of(), max, wait, lease);
    }

    final Held claimOne() throws InterruptedException {
        return claimOne(Duration.ofSeconds(30));
    }

    /** As a worker that nobody else is. */
    final Held claimOne(Duration lease) throws InterruptedException {
        return mill.remote()
                .claim(new Request(
                        "worker-" + COUNTER.incrementAndGet(),
                        Set.of(kind),
                        Set.of(),
                        1,
                        Duration.ofSeconds(30),
                        lease))
                .getFirst();
    }

    final Held sameWorkerClaims(Duration lease) throws InterruptedException {
        return mill.remote().claim(asking(1, Duration.ofSeconds(30), lease)).getFirst();
    }

    final List<Held> claimNow(int max) throws InterruptedException {
        return mill.remote().claim(asking(max, Duration.ZERO, Duration.ofSeconds(30)));
    }

    static void refused(Runnable word, ErrorCode code) {
        assertThatThrownBy(word::run)
                .isInstanceOfSatisfying(
                        TidemillException.class,
                        refused -> assertThat(refused.code()).isEqualTo(code));
    }

    State state(String breaker) {
        return mill.breakers().list().stream()
                .filter(view -> view.breaker().name().equals(breaker))
                .findFirst()
                .orElseThrow()
                .state();
    }
}

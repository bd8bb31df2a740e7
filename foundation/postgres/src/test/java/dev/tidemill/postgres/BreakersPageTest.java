package dev.tidemill.postgres;

import static java.time.Duration.ofMinutes;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.jobs.BreakerView.State;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.ConnectException;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/breakers.md, compiled and run; and a check that it is the same code. */
@ExtendWith(FreshSchema.class)
final class BreakersPageTest {
    record Mail(String to) {}

    /** A mail server that does not answer at first. */
    private static final class Mailer {
        private final AtomicInteger calls = new AtomicInteger();

        void send(Mail mail) throws ConnectException {
            if (calls.incrementAndGet() <= 4) {
                throw new ConnectException("no answer for " + mail.to());
            }
        }
    }

    private final DataSource dataSource;
    private final String schema;

    BreakersPageTest(TestDatabase database) {
        this.dataSource = database.dataSource();
        this.schema = database.schema();
    }

    @Test
    void anOutageIsWaitedForAndAPersonMayOpenAndCloseToo() {
        Mailer mailer = new Mailer();
        Tidemill mill = Tidemill.on(dataSource)
                .schema(schema)
                .breaker(Breaker.of("smtp").failures(3).openFor(ofSeconds(2), ofMinutes(2)))
                .errors(rules -> rules.on(ConnectException.class).dependencyDown("smtp"))
                .handle(Mail.class, (job, run) -> mailer.send(job), options -> options.dependsOn("smtp"))
                .start();
        try (mill) {
            List<Long> ids = mill.enqueueAll(List.of(new Mail("a"), new Mail("b"), new Mail("c")));
            ids.forEach(id ->
                    assertThat(Jobs.in(mill, id, JobState.SUCCEEDED).attempts()).hasSizeGreaterThan(1));
            mill.breakers().open("smtp", "ada");
            assertThat(mill.stats().openBreakers()).hasSize(1);
            long held = mill.enqueue(new Mail("d"));
            assertThat(mill.job(held).orElseThrow().attempts()).isEmpty();
            mill.breakers().close("smtp", "ada");
            Jobs.in(mill, held, JobState.SUCCEEDED);
            assertThat(mill.breakers().list().getFirst().state()).isEqualTo(State.CLOSED);
        }
    }

    @Test
    void aShareIsASettingThatCanBeChanged() {
        Breaker half = Breaker.of("stripe").failures(100).ratio(0.5, 20, ofMinutes(1));
        try (Tidemill mill = Tidemill.on(dataSource).schema(schema).start()) {
            mill.breakers().put(half, "ada");
            assertThat(mill.breakers().list())
                    .anySatisfy(view -> assertThat(view.breaker()).isEqualTo(half));
        }
    }

    @Test
    void thePageShowsThisCode() throws IOException {
        DocumentedCode.isIn(BreakersPageTest.class, DocumentedCode.text("docs/breakers.md"), 8);
    }
}

package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static dev.tidemill.jobs.Priority.HIGH;
import static java.time.Duration.ofHours;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.HandMill.Ran;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.testkit.EnqueuedJob;
import dev.tidemill.testkit.FreshMill;
import dev.tidemill.testkit.JobRuns;
import dev.tidemill.testkit.TestMill;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The code of docs/testing.md, compiled and run; and a check that it is the same code. */
final class TestingGuideTest {
    record SendWelcome(String email) {}

    record AskForReview(String email) {}

    /** Where the e-mails of the guide go. */
    static final class Mailer {
        private final List<String> sent = new ArrayList<>();
        private int failures;

        void send(String email, String about) {
            if (failures-- > 0) {
                throw new IllegalStateException("the mail server is away");
            }
            sent.add(about + " to " + email);
        }
    }

    /** The application under test: how it sets its jobs up, and what it enqueues. */
    static final class Shop {
        private final Tidemill mill;

        Shop(Tidemill mill) {
            this.mill = mill;
        }

        static TidemillBuilder jobs(TidemillBuilder builder, Mailer mailer) {
            return builder.handle(SendWelcome.class, (job, run) -> mailer.send(job.email(), "welcome"))
                    .handle(AskForReview.class, (job, run) -> mailer.send(job.email(), "review"));
        }

        void signUp(String email) throws Exception {
            mill.inTransaction(transaction -> {
                transaction.enqueue(new SendWelcome(email), priority(HIGH).tag("email", "yes"));
                transaction.enqueue(new AskForReview(email), priority(HIGH).in(ofHours(3)));
            });
        }
    }

    private final Mailer mailer = new Mailer();

    @RegisterExtension
    final FreshMill fresh = FreshMill.with(builder -> Shop.jobs(builder, mailer));

    @Test
    void aNewCustomerIsWelcomedAndAskedLater(TestMill mill) throws Exception {
        Shop shop = new Shop(mill.tidemill());

        shop.signUp("ada@example.com");

        mill.assertThatEnqueued(SendWelcome.class).withPriority(HIGH).hasSize(1);
        mill.runDue().succeeded(1);
        assertThat(mailer.sent).containsExactly("welcome to ada@example.com");

        mill.clock().advance(ofHours(3));
        mill.runDue(AskForReview.class).succeeded(1);
        assertThat(mailer.sent).contains("review to ada@example.com");
    }

    @Test
    void aMailServerThatIsAwayIsTriedAgain(TestMill mill) {
        mailer.failures = 1;
        mill.tidemill().enqueue(new SendWelcome("ada@example.com"));

        Ran first = mill.runDue().failures().getFirst();
        assertThat(first.error()).hasMessageContaining("away");

        JobRuns rest = mill.runUntilEmpty(10);
        rest.allSucceeded();
        assertThat(mailer.sent).hasSize(1);
    }

    @Test
    void withoutJUnit() {
        DataSource dataSource = someDatabase();
        try (TestMill mill = TestMill.start(dataSource, builder -> Shop.jobs(builder, mailer))) {
            mill.clock().set(Instant.parse("2026-03-29T00:30:00Z"));
            mill.tidemill().enqueue(new SendWelcome("ada@example.com"));
            mill.runDue().allSucceeded();
        }
    }

    @Test
    void listsForAnyLibrary(TestMill mill) throws Exception {
        new Shop(mill.tidemill()).signUp("ada@example.com");
        assertThat(mill.enqueued(SendWelcome.class))
                .extracting(EnqueuedJob::job)
                .containsExactly(new SendWelcome("ada@example.com"));
        assertThat(mill.enqueued(AskForReview.class).getFirst().dueAt())
                .isEqualTo(mill.clock().now().plus(ofHours(3)));
    }

    private DataSource someDatabase() {
        try (TestMill own = TestMill.start(builder -> builder)) {
            return own.dataSource();
        }
    }

    @Test
    void aProgramThatRunsWhatIsDueAndEnds(TestMill other) {
        DataSource dataSource = other.dataSource();
        String schema = other.schema();
        other.tidemill().enqueue(new SendWelcome("ada@example.com"));
        int failed = 0;
        TidemillBuilder jobs = Shop.jobs(Tidemill.on(dataSource).schema(schema), mailer);
        try (HandMill hand = jobs.startByHand()) {
            for (Optional<Ran> ran = hand.runNext(); ran.isPresent(); ran = hand.runNext()) {
                failed += ran.get().succeeded() ? 0 : 1;
            }
        }
        assertThat(failed).isZero();
        assertThat(mailer.sent).hasSize(1);
    }

    @Test
    void everyLineOfTheGuideIsInThisTest() throws IOException {
        DocumentedCode.isIn(TestingGuideTest.class, DocumentedCode.text("docs/testing.md"), 25);
    }
}

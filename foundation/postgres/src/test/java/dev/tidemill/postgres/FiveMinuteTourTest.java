package dev.tidemill.postgres;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static dev.tidemill.jobs.Priority.CRITICAL;
import static dev.tidemill.jobs.Priority.HIGH;
import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of README.md, compiled and run; and a check that it is the same code. */
@ExtendWith(FreshSchema.class)
final class FiveMinuteTourTest {
    private final TestDatabase database;

    FiveMinuteTourTest(TestDatabase database) {
        this.database = database;
    }

    record SendWelcome(UUID userId, String email) {}

    record ChargeCard(String card) {}

    enum Charge {
        DONE,
        DECLINED,
        BUSY
    }

    interface Bank {
        Charge charge(String card);
    }

    /** Where the tour's e-mails go. */
    static final class Mailer {
        private final List<String> sent = new CopyOnWriteArrayList<>();

        void welcome(String email) {
            sent.add(email);
        }
    }

    @Test
    void theTourRuns() throws Exception {
        DataSource dataSource = database.dataSource();
        Mailer mailer = new Mailer();
        Bank bank = card -> card.isEmpty() ? Charge.DECLINED : Charge.DONE;
        UUID id = UUID.randomUUID();
        String email = "somebody@example.com";
        createUsers(dataSource);
        Handler<ChargeCard> charge = (job, run) -> {
            switch (bank.charge(job.card())) {
                case DECLINED -> throw Retry.never("the card was declined");
                case BUSY -> throw Retry.after(ofMinutes(2), "the bank is busy").notCounted();
                case DONE -> {}
            }
        };
        Tidemill mill = Tidemill.on(dataSource)
                .schema(database.schema())
                .handle(ChargeCard.class, charge)
                .handle(SendWelcome.class, (job, run) -> mailer.welcome(job.email()))
                .start();
        try (mill) {
            mill.enqueue(new SendWelcome(id, email));
            mill.enqueue(new SendWelcome(id, email), priority(CRITICAL).in(ofMillis(300)));
            long job = mill.enqueue(new SendWelcome(id, email), priority(HIGH).tag("userId", id.toString()));
            try (Connection connection = dataSource.getConnection()) {
                connection.setAutoCommit(false);
                insertUser(connection, id, email);
                mill.enqueue(connection, new SendWelcome(id, email));
                connection.commit();
            }
            mill.inTransaction(transaction -> {
                insertUser(transaction.connection(), UUID.randomUUID(), "other@example.com");
                transaction.enqueue(new SendWelcome(id, email));
            });
            await().atMost(Duration.ofSeconds(20)).until(() -> mailer.sent.size() == 5);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> mill.job(job).orElseThrow().state() == JobState.SUCCEEDED);
            JobView seen = mill.job(job).orElseThrow();
            List<AttemptView> attempts = seen.attempts();
            List<JobView> ofUser = mill.tagged("userId", id.toString(), Long.MAX_VALUE, 10);
            Stats stats = mill.stats();
            assertThat(attempts).hasSize(1);
            assertThat(ofUser).extracting(JobView::id).containsExactly(job);
            assertThat(stats.nodes()).hasSize(1);
            long declined = mill.enqueue(new ChargeCard(""));
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> mill.job(declined).orElseThrow().state() == JobState.DEAD);
        }
    }

    @Test
    void everyLineOfTheReadmesTourIsInThisTest() throws IOException {
        String readme = DocumentedCode.text("README.md");
        DocumentedCode.isIn(
                FiveMinuteTourTest.class,
                readme.substring(readme.indexOf("<!-- tour:start -->"), readme.indexOf("<!-- tour:end -->")),
                25);
    }

    private void createUsers(DataSource dataSource) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create schema if not exists " + database.schema());
            statement.execute("create table " + database.schema() + ".app_user (id uuid primary key, email text)");
        }
    }

    private void insertUser(Connection connection, UUID id, String email) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("insert into " + database.schema() + ".app_user values (?, ?)")) {
            statement.setObject(1, id);
            statement.setString(2, email);
            statement.executeUpdate();
        }
    }
}

package dev.tidemill.postgres;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofMinutes;
import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Chunk;
import dev.tidemill.jobs.ChunkHandler;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.http.HttpTimeoutException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import javax.sql.DataSource;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/handlers.md, compiled and run; and a check that it is the same code. */
@ExtendWith(FreshSchema.class)
final class HandlersPageTest {
    record Mail(String to) {}

    record Row(String text) {}

    /** Whoever sends mail. */
    static final class Provider {
        private final List<String> sent = new CopyOnWriteArrayList<>();

        void send(List<Mail> mails) {
            mails.forEach(mail -> sent.add(mail.to()));
        }

        boolean knows(String address) {
            return !address.isEmpty();
        }
    }

    private final TestDatabase database;
    private final Sql sql;
    private final Provider provider = new Provider();

    HandlersPageTest(TestDatabase database) {
        this.database = database;
        this.sql = new Sql(database);
    }

    @BeforeEach
    void rowsTable() throws SQLException {
        new Migrations(database.dataSource(), database.schema()).apply();
        sql.run("create table if not exists {schema}.app_row (text text)");
    }

    private void insertAll(Connection connection, List<Row> rows) throws SQLException {
        for (Row row : rows) {
            sql.run(connection, "insert into {schema}.app_row values ('" + row.text() + "')");
        }
    }

    @Test
    void chunksRun() throws SQLException {
        DataSource dataSource = database.dataSource();
        ChunkHandler<Row> insert = chunk -> {
            try (Connection connection = dataSource.getConnection()) {
                connection.setAutoCommit(false);
                insertAll(connection, chunk.jobs());
                chunk.completeIn(connection);
                connection.commit();
            }
        };
        ChunkHandler<Mail> checked = chunk -> {
            for (Chunk.Item<Mail> item : chunk.items()) {
                if (!provider.knows(item.job().to())) {
                    item.fail(Retry.never("no such address"));
                }
            }
        };
        try (Tidemill mill = Tidemill.on(dataSource)
                        .schema(database.schema())
                        .handleChunks(
                                Mail.class,
                                chunk -> provider.send(chunk.jobs()),
                                options -> options.chunk(100, ofMillis(50)))
                        .handleChunks(Row.class, insert)
                        .start();
                Tidemill strict = Tidemill.on(dataSource)
                        .schema(database.schema())
                        .handleChunks(Mail.class, checked, options -> options.kind("StrictMail"))
                        .start()) {
            long nobody = strict.enqueue(new Mail(""));
            Jobs.in(strict, nobody, JobState.DEAD);
            long mail = mill.enqueue(new Mail("ada@example.com"));
            long row = mill.enqueue(new Row("one"));
            Jobs.in(mill, mail, JobState.SUCCEEDED);
            Jobs.in(mill, row, JobState.SUCCEEDED);
            assertThat(provider.sent).containsExactly("ada@example.com");
            assertThat(sql.number("select count(*) from {schema}.app_row")).isEqualTo(1);
        }
    }

    @Test
    void errorsAreMapped() {
        Handler<Mail> timesOut = (job, run) -> {
            throw new HttpTimeoutException("no answer");
        };
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .errors(rules -> rules.on(SQLTransientException.class)
                        .retry()
                        .on(IllegalArgumentException.class)
                        .permanent()
                        .on(HttpTimeoutException.class)
                        .dependencyDown("stripe"))
                .handle(Mail.class, timesOut, options -> options.alarm(new FailureAlarm(0.1, 100, ofMinutes(5))))
                .start()) {
            assertThat(Jobs.outcomes(Jobs.in(mill, mill.enqueue(new Mail("ada")), JobState.SCHEDULED)))
                    .containsExactly(AttemptOutcome.SNOOZED);
        }
    }

    record Import(int rows) {}

    record Imported(int rows, int refused) {}

    @Test
    void handlersReport() {
        Handler<Import> handler = (job, run) -> {
            int done = job.rows();
            run.progress(done, job.rows(), "reading");
            run.log(LogLevel.WARN, "row 7 has no address");
            run.result(new Imported(done, 1));
            run.heartbeat();
        };
        try (Tidemill mill = Tidemill.on(database.dataSource())
                .schema(database.schema())
                .handle(Import.class, handler)
                .start()) {
            long id = mill.enqueue(new Import(10));
            assertThat(Jobs.in(mill, id, JobState.SUCCEEDED)
                            .attempts()
                            .getFirst()
                            .result())
                    .contains("\"refused\":1");
            assertThat(mill.log(id, 10)).hasSize(1);
        }
    }

    @Test
    void everyLineOfThePageIsInThisTest() throws IOException {
        DocumentedCode.isIn(HandlersPageTest.class, DocumentedCode.text("docs/handlers.md"), 12);
    }
}

package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.server.access.Role;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a person does that is no change of a setting stands in the audit trail under their name as well. */
@ExtendWith(FreshSchema.class)
final class PeopleAuditTest {
    private static final String PASSWORD = "four words in a row";
    private static ServerUnderTest server;
    private static Visitor ada;
    private static TestDatabase database;

    @BeforeAll
    static void startServer(TestDatabase given) {
        database = given;
        server = ServerUnderTest.closed(given, TidemillServerBuilder::allowPrivateEndpoints);
        server.server.accounts().addUser("ada", PASSWORD, Role.ADMIN, "test");
        ada = Visitor.loggedIn(server, "ada", PASSWORD);
    }

    @AfterAll
    static void stopServer() {
        server.close();
    }

    private static List<AuditLine> lines(String target) {
        return server.mill.audit(Long.MAX_VALUE, 100, null, target);
    }

    private static HttpResponse<String> act(String path, Map<String, String> fields) {
        HttpResponse<String> answer = ada.form(path, fields);
        assertThat(answer.statusCode()).as(answer.body()).isEqualTo(303);
        return answer;
    }

    @Test
    void whatTheDoctorMends() throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("insert into " + database.schema()
                    + ".lease (id, epoch, claimed, jobs, attempts, failures, start_bys) values (1, 987654, "
                    + database.schema() + ".now_micros(), '{}', '{}', '{}', '{}')");
        }
        act("/doctor/repair", Map.of());
        assertThat(lines("EPOCH 987654"))
                .extracting(AuditLine::by, AuditLine::action, AuditLine::detail)
                .containsExactly(tuple("ada", "repair", "epoch 987654, ORPHANED_LEASES"));
    }

    @Test
    void aCopyOfAJob() {
        long id = server.mill.enqueue(new JobRequest("Nobodys", "{\"card\": 1}"));
        HttpResponse<String> made = act("/jobs/" + id + "/again", Map.of("payload", "{\"card\": 2}"));
        String copy = made.headers().firstValue("Location").orElseThrow().replaceFirst(".*/", "");
        assertThat(server.mill.job(Long.parseLong(copy)).orElseThrow().payload())
                .contains("2");
        assertThat(lines("JOB " + copy))
                .extracting(AuditLine::by, AuditLine::action, AuditLine::detail)
                .containsExactly(tuple("ada", "enqueue", "a copy of job " + id));
        act("/jobs/" + id + "/again", Map.of("payload", "{\"card\": "));
        assertThat(server.mill.audit(Long.MAX_VALUE, 100, "enqueue", null)).hasSize(1);
    }

    @Test
    void aTestOfAnEndpoint() {
        try (Receiver receiver = new Receiver()) {
            assertThat(ada.json(
                                    "PUT",
                                    "/api/v1/endpoints/tried",
                                    "{\"url\": \"" + receiver.url() + "\", \"kinds\": [\"Tried\"]}")
                            .statusCode())
                    .isEqualTo(201);
            act("/endpoints/test", Map.of("endpoint", "tried"));
            receiver.behaviour = exchange -> Receiver.reply(exchange, 500, "\"hush\"");
            assertThat(ada.send("POST", "/api/v1/endpoints/tried/test").statusCode())
                    .isEqualTo(200);
        }
        act("/endpoints/test", Map.of("endpoint", "tried"));
        assertThat(lines("ENDPOINT tried"))
                .extracting(AuditLine::by, AuditLine::action, AuditLine::detail)
                .containsExactly(
                        tuple("ada", "test endpoint", "no answer"),
                        tuple("ada", "test endpoint", "answered 500"),
                        tuple("ada", "test endpoint", "answered 200"),
                        tuple("ada", "put endpoint", "127.0.0.1"));
    }
}

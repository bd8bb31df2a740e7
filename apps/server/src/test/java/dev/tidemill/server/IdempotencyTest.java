package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** Enqueues that may be sent again. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class IdempotencyTest {
    private final TestDatabase database;
    private ServerUnderTest server;
    private ServerUnderTest other;

    IdempotencyTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() {
        server = ServerUnderTest.on(database);
        other = ServerUnderTest.on(database);
    }

    @AfterAll
    void stop() {
        server.close();
        other.close();
    }

    private static HttpResponse<String> send(ServerUnderTest at, String key, String json) {
        return at.send(at.to("/api/v1/jobs")
                .header("Content-Type", "application/json")
                .header("Idempotency-Key", key)
                .POST(BodyPublishers.ofString(json)));
    }

    private int count(String kind) {
        return ServerUnderTest.json(server.get("/api/v1/jobs?kind=" + kind))
                .get("jobs")
                .size();
    }

    private void sql(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql.replace("{schema}", database.schema()));
        }
    }

    @Test
    void theSameRequestIsAnsweredTheSameAndDoneOnce() {
        HttpResponse<String> first = send(server, "one", "{\"kind\":\"Once\"}");
        HttpResponse<String> again = send(other, "one", "{\"kind\":\"Once\"}");
        assertThat(first.statusCode()).isEqualTo(201);
        assertThat(again.statusCode()).isEqualTo(201);
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(again.headers().firstValue("Location"))
                .isEqualTo(first.headers().firstValue("Location"));
        assertThat(first.headers().firstValue("Idempotent-Replayed")).isEmpty();
        assertThat(again.headers().firstValue("Idempotent-Replayed")).contains("true");
        assertThat(count("Once")).isEqualTo(1);
        assertThat(send(server, "another", "{\"kind\":\"Once\"}").body()).isNotEqualTo(first.body());
    }

    @Test
    void manyJobsAreEnqueuedOnceToo() {
        String many = "[{\"kind\":\"Many\"},{\"kind\":\"Many\"},{\"kind\":\"Many\"}]";
        assertThat(send(server, "many", many).body())
                .isEqualTo(send(server, "many", many).body());
        assertThat(count("Many")).isEqualTo(3);
    }

    @Test
    void anotherRequestWithTheKeyIsRefused() {
        send(server, "reused", "{\"kind\":\"Reused\"}");
        HttpResponse<String> refused = send(server, "reused", "{\"kind\":\"Reused\",\"priority\":\"HIGH\"}");
        assertThat(refused.statusCode()).isEqualTo(422);
        assertThat(ServerUnderTest.json(refused).get("code").stringValue()).isEqualTo("IDEMPOTENCY_KEY_REUSED");
        assertThat(count("Reused")).isEqualTo(1);
    }

    @Test
    void aRefusedRequestDoesNotUseItsKeyUp() {
        String late = "{\"kind\":\"Later\",\"run_at\":\"2001-01-01T00:00:00Z\"}";
        assertThat(send(server, "refused", late).statusCode()).isEqualTo(400);
        assertThat(send(server, "refused", "{\"kind\":\"Later\"}").statusCode()).isEqualTo(201);
    }

    @Test
    void ofManyAtTheSameTimeOneEnqueues() throws Exception {
        Set<String> answers = new HashSet<>();
        try (ExecutorService many = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<HttpResponse<String>>> sent = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                ServerUnderTest at = i % 2 == 0 ? server : other;
                sent.add(many.submit(() -> send(at, "together", "{\"kind\":\"Together\"}")));
            }
            for (Future<HttpResponse<String>> answer : sent) {
                assertThat(answer.get().statusCode()).isEqualTo(201);
                answers.add(answer.get().body());
            }
        }
        assertThat(answers).hasSize(1);
        assertThat(count("Together")).isEqualTo(1);
    }

    @Test
    void afterADayAKeyIsAKeyLikeAnyOther() throws SQLException {
        String first = send(server, "old", "{\"kind\":\"Old\"}").body();
        sql("update {schema}.idempotency set at = at - 86400000000 - 1 where key = 'old'");
        HttpResponse<String> again = send(server, "old", "{\"kind\":\"Old\",\"priority\":\"LOW\"}");
        assertThat(again.statusCode()).isEqualTo(201);
        assertThat(again.body()).isNotEqualTo(first);
    }

    @Test
    void keysOfFormerDaysAreTidiedAway() throws SQLException {
        sql("insert into {schema}.idempotency (caller, key, request, at, status, answer)"
                + " select 'x', 'k' || i, '', 0, 201, '' from generate_series(1, 30) i");
        for (int i = 0; i < 10; i++) {
            send(server, "tidy-" + i, "{\"kind\":\"Tidy\"}");
        }
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                java.sql.ResultSet rows = statement.executeQuery(
                        "select count(*) from " + database.schema() + ".idempotency where caller = 'x'")) {
            rows.next();
            assertThat(rows.getInt(1)).isZero();
        }
    }

    @Test
    void aKeyMayStandInQuotes() {
        HttpResponse<String> bare = send(server, "quo ted", "{\"kind\":\"Quoted\"}");
        HttpResponse<String> quoted = send(server, "\"quo ted\"", "{\"kind\":\"Quoted\"}");
        assertThat(quoted.body()).isEqualTo(bare.body());
        assertThat(count("Quoted")).isEqualTo(1);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ä", "\"\"", "\" a\""})
    void aKeyIsPrintableAscii(String key) {
        // The JDK's client would not send these.
        String answer = server.rawWithBody(
                "{\"kind\":\"A\"}",
                "POST /api/v1/jobs HTTP/1.1",
                "Host: localhost",
                "Content-Type: application/json",
                "Idempotency-Key: " + key,
                "Content-Length: 12",
                "Connection: close");
        assertThat(answer).contains("400", "HEADER_INVALID");
    }

    @Test
    void keysOfOneCallerAreNotAnothers() throws SQLException {
        String first = send(server, "whose", "{\"kind\":\"Whose\"}").body();
        sql("update {schema}.idempotency set caller = 'key:other' where key = 'whose'");
        assertThat(send(server, "whose", "{\"kind\":\"Whose\"}").body()).isNotEqualTo(first);
    }

    @Test
    void whoWaitsInVainForAnotherServerIsToldToComeAgain() throws SQLException {
        try (Connection holding = database.dataSource().getConnection()) {
            holding.setAutoCommit(false);
            try (Statement statement = holding.createStatement()) {
                statement.execute("insert into " + database.schema()
                        + ".idempotency (caller, key, request, at) values ('anyone', 'held', '', "
                        + database.schema() + ".now_micros())");
            }
            HttpResponse<String> busy = send(server, "held", "{\"kind\":\"Held\"}");
            assertThat(busy.statusCode()).isEqualTo(409);
            assertThat(busy.headers().firstValue("Retry-After")).contains("1");
            holding.rollback();
        }
        assertThat(send(server, "held", "{\"kind\":\"Held\"}").statusCode()).isEqualTo(201);
        assertThat(count("Held")).isEqualTo(1);
    }

    @Test
    void aUniqueJobIsAnsweredAsItWas() {
        String json = "{\"kind\":\"Only\",\"unique\":{\"key\":\"u\"}}";
        JsonNode first = ServerUnderTest.json(send(server, "unique", json));
        assertThat(first.get("created").booleanValue()).isTrue();
        assertThat(ServerUnderTest.json(send(server, "unique", json))).isEqualTo(first);
        assertThat(send(server, "unique-2", json).statusCode()).isEqualTo(200);
    }
}

package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.rules.Rules;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** Rules on data changes over HTTP, and on their page. */
@ExtendWith(FreshSchema.class)
final class RulesApiTest {
    private final TestDatabase database;
    private final ServerUnderTest server;

    RulesApiTest(TestDatabase database) {
        this.database = database;
        this.server = ServerUnderTest.on(database, jobs -> jobs, settings -> settings);
    }

    @AfterEach
    void stopServer() {
        try (Rules rules = Rules.on(server.mill)) {
            rules.status().forEach(rule -> rules.remove(rule.name()));
        }
        server.close();
    }

    private void run(String sql) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql.replace("{s}", database.schema()));
        }
    }

    private JsonNode rules() {
        return ServerUnderTest.json(server.get("/api/v1/rules")).get("rules");
    }

    @Test
    void howRulesAreIsShownWithWhyAndWhatToDo() throws SQLException {
        assertThat(rules()).isEmpty();
        assertThat(server.get("/rules").body()).contains("None. An application that defines rules");
        try (Rules rules = Rules.on(server.mill)) {
            run("create table {s}.thing (id bigint primary key, state text)");
            rules.table(database.schema() + ".thing")
                    .watching("state")
                    .key("id")
                    .attempts(1)
                    .react("sync", (change, run) -> {
                        if (change.key().equals("2")) {
                            throw new IllegalStateException("two is sick");
                        }
                    });
            rules.start();
            run("insert into {s}.thing values (1, 'a'), (2, 'a')");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rules().size() == 1
                            && rules().get(0).get("parked").asInt() == 1
                            && rules().get(0).get("changes").asInt() == 1
                            && rules().get(0).has("lag_p99_ms"));
            assertThat(rules().get(0).get("state").asString()).isEqualTo("ACTIVE");
            assertThat(server.get("/rules").body()).contains("sync").contains(".thing");
            run("alter table {s}.thing drop column state");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rules().get(0).get("state").asString().equals("BROKEN"));
            assertThat(rules().get(0).get("reason").asString()).contains("no column state");
            assertThat(server.get("/rules").body()).contains("no column state");
        }
    }

    private int status(String method, String path) {
        return server.send(server.to("/api/v1/rules/" + path)
                        .method(method, java.net.http.HttpRequest.BodyPublishers.noBody()))
                .statusCode();
    }

    private JsonNode rule() {
        return ServerUnderTest.json(server.get("/api/v1/rules/copy"));
    }

    @Test
    void rulesAreSteeredInTheNameOfWhoeverAsksAndTheTrailHasIt() throws SQLException {
        try (Rules rules = Rules.on(server.mill)) {
            run("create table {s}.piece (id bigint primary key, state text);"
                    + " create table {s}.copy (id bigint primary key, state text)");
            AtomicBoolean sick = new AtomicBoolean(true);
            rules.table(database.schema() + ".piece")
                    .watching("state")
                    .key("id")
                    .attempts(1)
                    .react("copy", (change, run) -> {
                        if (change.key().equals("2") && sick.get()) {
                            throw new IllegalStateException("two is sick");
                        }
                        try (Statement statement = run.connection().createStatement()) {
                            statement.execute("insert into " + database.schema() + ".copy values (" + change.key()
                                    + ", 'c') on conflict do nothing");
                        }
                    });
            rules.start();
            assertThat(status("POST", "copy/pause")).isEqualTo(204);
            run("insert into {s}.piece select g, 'a' from generate_series(1, 3) g");
            await().until(() -> rule().get("pending").asInt() == 3);
            assertThat(rule().get("state").asString()).isEqualTo("PAUSED");
            assertThat(status("POST", "copy/resume")).isEqualTo(204);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rule().get("parked").asInt() == 1);
            JsonNode key = ServerUnderTest.json(server.get("/api/v1/rules/copy/parked"))
                    .get("parked")
                    .get(0);
            assertThat(key.get("key").asString()).isEqualTo("2");
            assertThat(key.get("error").asString()).contains("two is sick");
            JsonNode alarm = ServerUnderTest.json(server.get("/api/v1/rule-alarms"))
                    .get("alarms")
                    .get(0);
            assertThat(alarm.get("kind").asString()).isEqualTo("PARKED");
            assertThat(server.get("/").body()).contains("Rule copy fails for some keys");
            assertThat(server.get("/api/v1/doctor").body()).contains("RULE_PARKED");
            assertThat(status("POST", "copy/release?key=7")).isEqualTo(404);
            assertThat(status("POST", "copy/release")).isEqualTo(400);
            sick.set(false);
            assertThat(status("POST", "copy/release?key=2")).isEqualTo(204);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rule().get("parked").asInt() == 0);

            run("delete from {s}.copy where id = 3; alter table {s}.piece disable trigger all");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rule().get("state").asString().equals("BROKEN"));
            assertThat(status("POST", "copy/repair")).isEqualTo(204);
            assertThat(rule().get("state").asString()).isEqualTo("ACTIVE");
            long job = ServerUnderTest.json(server.post("/api/v1/rules/copy/dry-run?rows=3"))
                    .get("job")
                    .asLong();
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> server.get("/api/v1/jobs/" + job).body().contains("\"would_change\""));
            assertThat(server.post("/api/v1/rules/copy/sweep").statusCode()).isEqualTo(202);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> server.get("/api/v1/rules/copy/drift").body().contains("\"UNKNOWN\""));
            assertThat(rule().get("sweep").get("by_cause").get("UNKNOWN").asInt())
                    .isEqualTo(1);
            assertThat(server.post("/api/v1/rules/copy/backfill?rows_per_second=100000")
                            .statusCode())
                    .isEqualTo(202);
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> rule().get("backfill").get("state").asString().equals("DONE"));
            assertThat(status("DELETE", "copy/backfill")).as("none under way").isEqualTo(404);
            assertThat(status("DELETE", "copy")).isEqualTo(204);
            assertThat(status("DELETE", "copy")).isEqualTo(404);
            assertThat(server.mill.audit(Long.MAX_VALUE, 20, null, "RULE copy").reversed())
                    .allMatch(line -> line.by().equals(line.action().equals("rule-broken") ? "engine" : "anyone"))
                    .extracting(AuditLine::action)
                    .containsExactly(
                            "rule-pause",
                            "rule-resume",
                            "rule-release",
                            "rule-broken",
                            "rule-repair",
                            "rule-dry-run",
                            "rule-sweep",
                            "rule-backfill",
                            "rule-remove");
        }
    }

    @Test
    void aKeyOfAnyLengthIsParkedAndItsPageStaysReadable() throws SQLException {
        try (Rules rules = Rules.on(server.mill)) {
            run("create table {s}.essay (name text primary key, state text)");
            rules.table(database.schema() + ".essay")
                    .watching("state")
                    .key("name")
                    .attempts(1)
                    .react("grade", (change, run) -> {
                        throw new IllegalStateException("too much to read");
                    });
            rules.start();
            run("insert into {s}.essay values (repeat('long', 25000), 'a'), ('short', 'a')");
            await().atMost(Duration.ofSeconds(20))
                    .until(() -> ServerUnderTest.json(server.get("/api/v1/rules/grade/parked"))
                                    .get("parked")
                                    .size()
                            == 2);
            assertThat(server.get("/api/v1/rules/grade/parked").body()).contains("long".repeat(25_000));
            String page = server.get("/rules/grade").body();
            assertThat(page)
                    .contains("long".repeat(75) + "…", "Release key short", "too much to read")
                    .doesNotContain("long".repeat(76), "Release key long");
        }
    }

    @Test
    void whatDoesNotGoIsRefusedWithOneClearError() throws SQLException {
        assertThat(status("POST", "nobody/pause")).isEqualTo(404);
        assertThat(server.get("/api/v1/rules/nobody").body()).contains("'nobody'", "GET /api/v1/rules");
        try (Rules rules = Rules.on(server.mill)) {
            run("create table {s}.away (id bigint primary key, state text)");
            rules.table(database.schema() + ".away")
                    .watching("state")
                    .key("id")
                    .outside("bank")
                    .react("call", (c, r) -> {});
            rules.table(database.schema() + ".away")
                    .watching("state")
                    .key("id")
                    .onDelete()
                    .react("gone", (c, r) -> {});
            rules.start();
            assertThat(server.post("/api/v1/rules/gone/sweep").body())
                    .contains("\"status\":400", "'gone' reacts to deletes alone", "expecting");
            assertThat(server.post("/api/v1/rules/call/sweep").body())
                    .contains("\"status\":409", "RULE_REFUSED", "outside the database");
            assertThat(server.post("/api/v1/rules/call/dry-run?rows=0").body()).contains("PARAMETER_INVALID");
            assertThat(status("POST", "call/backfill?rows_per_second=x")).isEqualTo(400);
            run("drop table {s}.away");
            assertThat(server.post("/api/v1/rules/call/repair").body())
                    .contains("\"status\":409", "RULE_REFUSED", "There is no table");
            run("create table {s}.away (id bigint primary key, state text)");
            try (Connection holder = database.dataSource().getConnection();
                    Statement statement = holder.createStatement()) {
                holder.setAutoCommit(false);
                statement.execute("lock table " + database.schema() + ".away in access exclusive mode");
                assertThat(server.post("/api/v1/rules/call/repair").body())
                        .contains("\"status\":503", "RULE_LOCKED_OUT", "nothing was changed");
            }
        }
    }
}

package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Retry;
import dev.tidemill.rules.Rules;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/**
 * Every request that a page tells people to send is sent, as it stands but for the ids and tokens of what is not there,
 * in whose place there is something of the sort.
 */
@ExtendWith(FreshSchema.class)
final class DocumentedRequestsTest {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Pattern BLOCK = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL);
    private static final Pattern WORD =
            Pattern.compile("'([^']*)'|\\\\\n|(?<!\\S)#[^\n]*|(\n)|([^\\s'\\\\]+)", Pattern.DOTALL);
    private static final Pattern SERVER = Pattern.compile("(?:http://127\\.0\\.0\\.1|localhost):8080");
    private static final Pattern OF_ONE = Pattern.compile("/api/v1/(jobs|dead-letters|work)/(\\d+)(.*)");

    private final TestDatabase database;
    private ServerUnderTest server;
    private Rules rules;

    DocumentedRequestsTest(TestDatabase database) {
        this.database = database;
    }

    /** A request as curl would send it. */
    private record Request(String method, String path, List<String> headers, String body) {
        private static @Nullable Request of(List<String> words) {
            if (!words.getFirst().equals("curl")) {
                return null;
            }
            String method = "";
            String path = "";
            String body = "";
            List<String> headers = new ArrayList<>();
            for (int i = 1; i < words.size(); i++) {
                switch (words.get(i)) {
                    case "-X" -> method = words.get(++i);
                    case "-H" -> headers.add(words.get(++i));
                    case "-d" -> body = words.get(++i);
                    case "-i" -> {}
                    default -> path = SERVER.matcher(words.get(i)).replaceFirst("");
                }
            }
            assertThat(path).as(String.join(" ", words)).startsWith("/");
            return new Request(
                    method.isEmpty() ? (body.isEmpty() ? "GET" : "POST") : method, path, List.copyOf(headers), body);
        }

        private Request to(String other) {
            return new Request(method, other, headers, body);
        }

        private Request with(String old, String young) {
            return new Request(
                    method,
                    path,
                    headers.stream().map(header -> header.replace(old, young)).toList(),
                    body.replace(old, young));
        }
    }

    private static List<Request> requests(String page) throws IOException {
        List<Request> requests = new ArrayList<>();
        for (MatchResult block : BLOCK.matcher(Files.readString(Path.of("..", "..", "docs", page)))
                .results()
                .toList()) {
            List<String> words = new ArrayList<>();
            for (MatchResult word : WORD.matcher(block.group(1)).results().toList()) {
                if (word.group(2) == null) {
                    Stream.of(word.group(1), word.group(3))
                            .filter(Objects::nonNull)
                            .forEach(words::add);
                } else if (!words.isEmpty()) {
                    Stream.ofNullable(Request.of(words)).forEach(requests::add);
                    words.clear();
                }
            }
        }
        return requests;
    }

    @BeforeEach
    void start() throws SQLException {
        server = ServerUnderTest.on(
                database,
                jobs -> jobs.nodeName("web-1").handleJson("Broken", (json, run) -> {
                    throw Retry.never("for good");
                }),
                settings -> settings);
        rules = Rules.on(server.mill);
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("create table " + database.schema() + ".thing (id bigint primary key, state text)");
            rules.table(database.schema() + ".thing")
                    .watching("state")
                    .key("id")
                    .attempts(1)
                    .react("syncStatus", (change, run) -> {
                        throw new IllegalStateException("not today");
                    });
            rules.start();
            statement.execute("insert into " + database.schema() + ".thing values (42, 'a')");
        }
        await().atMost(SOON)
                .until(() -> answer(server.get("/api/v1/rules/syncStatus/parked"))
                                .get("parked")
                                .size()
                        == 1);
    }

    @AfterEach
    void stop() {
        server.put("/api/v1/log-level", "{\"logger\": \"dev.tidemill\", \"level\": null}");
        rules.remove("syncStatus");
        rules.close();
        server.close();
    }

    private static JsonNode answer(HttpResponse<String> response) {
        assertThat(response.statusCode()).as(response.body()).isBetween(200, 299);
        return ServerUnderTest.json(response);
    }

    /** The request, about something that there is. */
    private Request aboutSomething(Request request) {
        Request about = request;
        if (request.path().equals("/api/v1/work/claim")) {
            server.mill.enqueue(new JobRequest("ResizeImage", "{}"));
        }
        if (request.headers().stream().anyMatch(header -> header.startsWith("If-Match"))) {
            String seen =
                    server.get(request.path()).headers().firstValue("ETag").orElseThrow();
            about = about.with("\"kq3o...Zw\"", seen);
        }
        Matcher one = OF_ONE.matcher(request.path());
        if (one.matches()) {
            String room = one.group(1);
            String rest = one.group(3);
            if (room.equals("work")) {
                server.mill.enqueue(new JobRequest("ResizeImage", "{}"));
                JsonNode job = answer(server.post(
                                "/api/v1/work/claim",
                                "{\"worker\": \"images-1\", \"kinds\": [\"ResizeImage\"], \"wait\": \"PT20S\"}"))
                        .get("jobs")
                        .get(0);
                about = about.to("/api/v1/work/" + job.get("id").asLong() + rest)
                        .with("7.3vDq..", job.get("token").asString());
            } else {
                about = about.to("/api/v1/" + room + "/" + (room.equals("jobs") ? waiting() : dead()) + rest);
            }
        }
        return about;
    }

    private long waiting() {
        return server.mill.enqueue(new JobRequest("Later", "{}", EnqueueOptions.NONE.in(Duration.ofDays(1))));
    }

    private long dead() {
        long id = server.mill.enqueue(new JobRequest("Broken", "{}"));
        await().atMost(SOON).until(() -> server.mill.job(id).orElseThrow().state() == JobState.DEAD);
        return id;
    }

    @Test
    void everyRequestOnThePagesIsAnswered() throws IOException {
        List<Request> requests = new ArrayList<>();
        for (String page : List.of("http-api.md", "breakers.md", "handlers.md", "remote-workers.md")) {
            requests.addAll(requests(page));
        }
        assertThat(requests).hasSizeGreaterThan(50);
        List<String> refused = new ArrayList<>();
        for (Request request : requests) {
            Request sent = aboutSomething(request);
            HttpRequest.Builder builder =
                    server.to(sent.path()).method(sent.method(), BodyPublishers.ofString(sent.body()));
            for (String header : sent.headers()) {
                int colon = header.indexOf(':');
                builder.header(
                        header.substring(0, colon), header.substring(colon + 1).strip());
            }
            HttpResponse<String> response = server.send(builder);
            if (response.statusCode() / 100 != 2) {
                refused.add(request.method() + " " + request.path() + " " + request.body() + ": "
                        + response.statusCode() + " " + response.body());
            }
        }
        assertThat(refused).isEmpty();
    }
}

package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Requests that no client should send: whatever comes, the server refuses it as the client's fault, or does it, and goes
 * on. What is sent follows from the description of the API, so new routes are met without anybody thinking of them.
 * Random parts follow from a seed, which is printed; {@code -Dtidemill.fuzz.seed=N} repeats one.
 */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class ApiFuzzTest {
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete");
    private static final int MUTATIONS = 40;
    private static final long SEED = Long.getLong("tidemill.fuzz.seed", System.nanoTime());

    /** Each as JSON text. */
    private static final List<String> ODD_VALUES = List.of(
            "null",
            "true",
            "-1",
            "0",
            "1.5",
            "9223372036854775807",
            "9223372036854775808",
            "1e400",
            "-1e-400",
            "\"\"",
            "\"\\u0000\"",
            "\"\\ud800\"",
            "\"\\ufeff\\u202e\"",
            "\"'; drop table job; --\"",
            "\"%s%n$1{schema}\"",
            "\"" + "x".repeat(100_000) + "\"",
            "\"-PT1S\"",
            "\"PT9999999999999999H\"",
            "\"P999999999999D\"",
            "\"+1000000000-12-31T23:59:59.999999999Z\"",
            "\"-1000000000-01-01T00:00:00Z\"",
            "\"0000-00-00T00:00:00Z\"",
            "[]",
            "{}",
            "[[[[[[[[]]]]]]]]",
            "{\"a\":{\"a\":{\"a\":{}}}}",
            "[" + "0,".repeat(2_000) + "0]",
            "[".repeat(600) + "]".repeat(600));

    private static final List<String> ODD_TEXTS = List.of(
            "",
            " ",
            "%00",
            "\u0000",
            "-1",
            "0",
            "9223372036854775808",
            "1e9",
            "NaN",
            "null",
            "../../etc/passwd",
            "a:b:c",
            ":",
            "\ud83d\ude00",
            "'\"\\;--",
            "x".repeat(3_000),
            "+1000000000-12-31T23:59:59Z",
            "-1000000000-01-01T00:00:00Z");

    private final TestDatabase database;
    private final Random random = new Random(SEED);
    private ServerUnderTest server;
    private JsonNode document;

    ApiFuzzTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() {
        System.out.println("The seed is " + SEED + "; -Dtidemill.fuzz.seed=" + SEED + " repeats it.");
        server = ServerUnderTest.on(database, jobs -> jobs, settings -> settings.bodyLimit(1 << 20));
        document = ServerUnderTest.json(server.get("/openapi.json"));
    }

    @AfterAll
    void afterAllThatTheServerServes() {
        try (ServerUnderTest ending = server) {
            HttpResponse<String> made = ending.post("/api/v1/jobs", "{\"kind\":\"After\"}");
            assertThat(made.statusCode()).isEqualTo(201);
            assertThat(ending.get(made.headers().firstValue("Location").orElseThrow())
                            .statusCode())
                    .isEqualTo(200);
            assertThat(ending.get("/readyz").statusCode()).isEqualTo(200);
        }
    }

    private record Operation(String method, String path, JsonNode described, JsonNode shared) {
        /** With something in the place of each part that is open. */
        String path(String part) {
            return path.replaceAll("\\{\\w+}", java.util.regex.Matcher.quoteReplacement(part));
        }

        List<String> queryParameters(JsonNode document) {
            return Stream.of(described.path("parameters"), shared.path("parameters"))
                    .flatMap(JsonNode::valueStream)
                    .map(parameter -> parameter.has("$ref")
                            ? document.at(parameter.get("$ref").stringValue().substring(1))
                            : parameter)
                    .filter(parameter -> parameter.get("in").stringValue().equals("query"))
                    .map(parameter -> parameter.get("name").stringValue())
                    .toList();
        }

        List<JsonNode> bodies() {
            JsonNode json = described.at("/requestBody/content/application~1json");
            List<JsonNode> bodies = new ArrayList<>();
            if (json.has("example")) {
                bodies.add(json.get("example"));
            }
            json.path("examples").forEach(example -> bodies.add(example.get("value")));
            return bodies;
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    private List<Operation> operations() {
        List<Operation> operations = new ArrayList<>();
        document.get("paths")
                .properties()
                .forEach(path -> path.getValue().properties().stream()
                        .filter(operation -> METHODS.contains(operation.getKey()))
                        .map(operation -> new Operation(
                                operation.getKey().toUpperCase(Locale.ROOT),
                                path.getKey(),
                                operation.getValue(),
                                path.getValue()))
                        .forEach(operations::add));
        return operations;
    }

    private static void assertOurFaultAtNoTime(HttpResponse<String> response, String sent) {
        assertThat(response.statusCode())
                .as("the status for %s, with the seed %d: %s", shortened(sent), SEED, shortened(response.body()))
                .isLessThan(500);
        if (response.statusCode() >= 400 && !response.body().isEmpty()) {
            assertThat(response.headers().firstValue("Content-Type"))
                    .as("the type of the answer to %s", shortened(sent))
                    .contains("application/problem+json");
            assertThat(ServerUnderTest.json(response).get("code").stringValue()).isNotEmpty();
        }
    }

    private static String shortened(String text) {
        return text.length() < 300 ? text : text.substring(0, 300) + "…";
    }

    private void send(Operation operation, String body) {
        HttpRequest.Builder request = server.to(operation.path("1"))
                .header("Content-Type", "application/json")
                .method(operation.method(), BodyPublishers.ofString(body));
        assertOurFaultAtNoTime(server.send(request), operation + " " + body);
    }

    @Test
    void everyFieldMayBeAnything() {
        int sent = 0;
        for (Operation operation : operations()) {
            for (JsonNode body : operation.bodies()) {
                List<String> names = new ArrayList<>(body.propertyNames());
                names.add("no_such_field");
                for (String name : names) {
                    for (String value : ODD_VALUES) {
                        send(operation, replaced(body, name, value));
                        sent++;
                    }
                }
            }
        }
        assertThat(sent).isGreaterThan(500);
    }

    /** The body with this JSON text in the place of a field. */
    private static String replaced(JsonNode body, String name, String value) {
        ObjectNode copy = body.isObject() ? ((ObjectNode) body).deepCopy() : document();
        copy.put(name, "@@here@@");
        return copy.toString().replace("\"@@here@@\"", value);
    }

    private static ObjectNode document() {
        return (ObjectNode) ServerUnderTest.json("{}");
    }

    @Test
    void aBodyMayBeBrokenAnywhere() {
        for (Operation operation : operations()) {
            for (JsonNode body : operation.bodies()) {
                for (int i = 0; i < MUTATIONS; i++) {
                    send(operation, mutated(body.toString()));
                }
            }
        }
    }

    private String mutated(String text) {
        StringBuilder broken = new StringBuilder(text);
        for (int i = random.nextInt(1, 4); i > 0 && !broken.isEmpty(); i--) {
            int at = random.nextInt(broken.length());
            switch (random.nextInt(5)) {
                case 0 -> broken.setLength(at);
                case 1 -> broken.setCharAt(at, (char) random.nextInt(0x3000));
                case 2 -> broken.insert(at, "{}[]\",:\\0eE-+tfn\u0000".charAt(random.nextInt(17)));
                case 3 -> broken.deleteCharAt(at);
                default -> broken.insert(at, text);
            }
        }
        return broken.toString();
    }

    @Test
    void everyParameterAndPartOfAPathMayBeAnything() {
        int sent = 0;
        for (Operation operation : operations()) {
            List<String> queries = new ArrayList<>();
            for (String text : ODD_TEXTS) {
                String encoded = URLEncoder.encode(text, StandardCharsets.UTF_8);
                for (String parameter : operation.queryParameters(document)) {
                    queries.add(operation.path("1") + "?" + parameter + "=" + encoded);
                }
                queries.add(operation.path("1") + "?" + encoded + "=1");
                if (operation.path().contains("{") && !encoded.isEmpty()) {
                    queries.add(operation.path(encoded.replace("+", "%20")));
                }
            }
            for (String query : queries) {
                HttpRequest.Builder request = server.to(query).method(operation.method(), BodyPublishers.noBody());
                assertOurFaultAtNoTime(server.send(request), operation.method() + " " + query);
                sent++;
            }
        }
        assertThat(sent).isGreaterThan(1_000);
    }
}

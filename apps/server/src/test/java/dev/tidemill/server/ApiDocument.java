package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import java.net.http.HttpResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;

/** The description of the API as a server gives it, and whether answers are as it says. */
final class ApiDocument {
    private static final String HOME = "https://tidemill.invalid/openapi.json";
    private static final Set<String> METHODS = Set.of("get", "put", "post", "delete", "patch");

    /** What an answer of the API may have of its own; the others every answer has. */
    private static final List<String> HEADERS =
            List.of("ETag", "Location", "Idempotent-Replayed", "X-Cache", "Cache-Status", "Age");

    final String text;
    final JsonNode root;
    private final SchemaRegistry schemas;
    private final Set<String> seen = new TreeSet<>();

    private ApiDocument(String text) {
        this.text = text;
        this.root = ServerUnderTest.json(text);
        this.schemas =
                SchemaRegistry.withDialect(Dialects.getDraft202012(), registry -> registry.schemas(Map.of(HOME, text)));
    }

    static ApiDocument of(ServerUnderTest server) {
        return new ApiDocument(server.get("/openapi.json").body());
    }

    /** What can be done at a path. */
    record Operation(String method, String path, JsonNode described, List<JsonNode> parameters) {
        List<JsonNode> parameters(String in) {
            return parameters.stream()
                    .filter(parameter -> parameter.get("in").stringValue().equals(in))
                    .toList();
        }

        boolean reads(String header) {
            return parameters("header").stream()
                    .anyMatch(parameter -> parameter.get("name").stringValue().equals(header));
        }

        @Override
        public String toString() {
            return method + " " + path;
        }
    }

    List<Operation> operations() {
        List<Operation> operations = new ArrayList<>();
        root.get("paths")
                .properties()
                .forEach(path -> path.getValue().properties().stream()
                        .filter(operation -> METHODS.contains(operation.getKey()))
                        .map(operation -> new Operation(
                                operation.getKey(),
                                path.getKey(),
                                operation.getValue(),
                                Stream.of(path.getValue(), operation.getValue())
                                        .flatMap(at -> at.path("parameters").valueStream())
                                        .map(this::meant)
                                        .toList()))
                        .forEach(operations::add));
        return operations;
    }

    private Operation operation(String method, String path) {
        return operations().stream()
                .filter(operation ->
                        operation.method().equals(method) && operation.path().equals(path))
                .findFirst()
                .orElseThrow(() -> new AssertionError(method + " " + path + " is not described"));
    }

    Schema at(String pointer) {
        return schemas.getSchema(SchemaLocation.of(HOME + "#" + pointer));
    }

    /** What a reference refers to; anything else itself. */
    private JsonNode meant(JsonNode node) {
        return node.has("$ref") ? root.at(node.get("$ref").stringValue().substring(1)) : node;
    }

    /** That this is the body, and these are the headers, that the document promises; remembers having seen it. */
    void assertAnswer(String method, String path, HttpResponse<String> answer) {
        Operation operation = operation(method, path);
        int status = answer.statusCode();
        String key = operation.described().get("responses").has(Integer.toString(status))
                ? Integer.toString(status)
                : status / 100 + "XX";
        JsonNode written = operation.described().get("responses").get(key);
        assertThat(written)
                .as("%s is answered with %d, which is not described: %s", operation, status, answer.body())
                .isNotNull();
        JsonNode promised = meant(written);
        String pointer = written.has("$ref")
                ? written.get("$ref").stringValue().substring(1)
                : "/paths/" + path.replace("/", "~1") + "/" + method + "/responses/" + key;
        if (!promised.has("content")) {
            assertThat(answer.body()).as("the body of %s", operation).isEmpty();
        } else {
            String type = promised.get("content").propertyNames().iterator().next();
            assertThat(at(pointer + "/content/" + type.replace("/", "~1") + "/schema")
                            .validate(answer.body(), InputFormat.JSON))
                    .as("%s answers %s", operation, answer.body())
                    .isEmpty();
        }
        Set<String> named =
                promised.path("headers").propertyStream().map(Map.Entry::getKey).collect(Collectors.toSet());
        for (String header : HEADERS) {
            if (answer.headers().firstValue(header).isPresent()) {
                assertThat(named)
                        .as("headers of %s that are described", operation)
                        .contains(header);
            }
        }
        assertThat(answer.headers().firstValue("ETag").isPresent())
                .as("whether %s has the ETag that is described", operation)
                .isEqualTo(named.contains("ETag"));
        boolean again = method.equals("get") && named.contains("ETag");
        assertThat(operation.reads("If-None-Match") && method.equals("get"))
                .as("whether %s is described with If-None-Match, as with its ETag", operation)
                .isEqualTo(again);
        assertThat(operation.described().get("responses").has("304"))
                .as("304 of %s", operation)
                .isEqualTo(again);
        seen.add(operation + " " + key);
    }

    /** The answers with a body to what was done, of all operations. */
    Set<String> promises() {
        Set<String> promises = new TreeSet<>();
        for (Operation operation : operations()) {
            operation.described().get("responses").properties().stream()
                    .filter(answer -> answer.getKey().startsWith("2")
                            && meant(answer.getValue()).has("content"))
                    .forEach(answer -> promises.add(operation + " " + answer.getKey()));
        }
        return promises;
    }

    /** What {@link #assertAnswer} was given. */
    Set<String> seen() {
        return seen;
    }

    static String upper(String method) {
        return method.toUpperCase(Locale.ROOT);
    }
}

package dev.tidemill.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialects;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.extension.ExtendWith;
import tools.jackson.databind.JsonNode;

/** That the description of the API is one, and that it is complete; that answers are as it says is in {@link ApiAnswersTest}. */
@ExtendWith(FreshSchema.class)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class OpenApiTest {
    private final TestDatabase database;
    private ServerUnderTest server;
    private ApiDocument document;

    OpenApiTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeAll
    void start() {
        server = ServerUnderTest.on(database);
        document = ApiDocument.of(server);
    }

    @AfterAll
    void stop() {
        server.close();
    }

    private static String resource(String name) throws IOException {
        try (InputStream in = Objects.requireNonNull(OpenApiTest.class.getResourceAsStream(name))) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    private static void each(JsonNode node, String pointer, BiConsumer<String, JsonNode> then) {
        then.accept(pointer, node);
        if (node.isObject()) {
            node.properties()
                    .forEach(property -> each(
                            property.getValue(),
                            pointer + "/" + property.getKey().replace("~", "~0").replace("/", "~1"),
                            then));
        } else if (node.isArray()) {
            for (int i = 0; i < node.size(); i++) {
                each(node.get(i), pointer + "/" + i, then);
            }
        }
    }

    @Test
    void theDocumentIsOpenApi() throws IOException {
        List<Error> errors = SchemaRegistry.withDialect(Dialects.getDraft202012())
                .getSchema(resource("oas-3.1-schema.json"), InputFormat.JSON)
                .validate(document.text, InputFormat.JSON);
        assertThat(errors).isEmpty();
    }

    @Test
    void theSchemasInItAreJsonSchemas() {
        Schema meta = SchemaRegistry.withDialect(Dialects.getDraft202012())
                .getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));
        List<String> wrong = new ArrayList<>();
        int[] seen = {0};
        each(document.root, "", (pointer, node) -> {
            boolean schema = pointer.endsWith("/schema") || pointer.matches("/components/schemas/[^/]+");
            if (schema) {
                seen[0]++;
                meta.validate(node).forEach(error -> wrong.add(pointer + ": " + error));
            }
        });
        assertThat(wrong).isEmpty();
        assertThat(seen[0]).isGreaterThan(50);
    }

    @Test
    void whatItRefersToIsThere() {
        each(document.root, "", (pointer, node) -> {
            JsonNode reference = node.isObject() ? node.get("$ref") : null;
            if (reference != null && reference.isString()) {
                assertThat(document.root
                                .at(reference.stringValue().substring(1))
                                .isMissingNode())
                        .as("%s at %s", reference, pointer)
                        .isFalse();
            }
        });
    }

    @Test
    void everyRouteIsDescribedAndNothingElse() {
        Set<String> routes = new TreeSet<>();
        server.server.entrances().stream()
                .filter(entrance -> entrance.pattern().startsWith("/api/"))
                .forEach(entrance ->
                        routes.add(entrance.method().toLowerCase(java.util.Locale.ROOT) + " " + entrance.pattern()));
        Set<String> described = new TreeSet<>();
        document.operations().forEach(operation -> described.add(operation.toString()));
        assertThat(routes).hasSizeGreaterThan(40);
        assertThat(described).isEqualTo(routes);
    }

    @Test
    void everyOperationHasANameASummaryAndAnExampleOfItsBody() {
        Set<String> names = new HashSet<>();
        for (ApiDocument.Operation operation : document.operations()) {
            JsonNode node = operation.described();
            assertThat(names.add(node.path("operationId").asString()))
                    .as("the operationId of %s is its own", operation)
                    .isTrue();
            assertThat(node.path("summary").asString()).as("%s", operation).isNotBlank();
            assertThat(node.path("tags").size()).as("%s", operation).isEqualTo(1);
            assertThat(node.get("responses").propertyNames())
                    .as("%s", operation)
                    .contains("4XX", "5XX")
                    .anyMatch(status -> status.startsWith("2"));
            if (node.has("requestBody")) {
                JsonNode body = node.at("/requestBody/content/application~1json");
                assertThat(body.has("example") || body.has("examples"))
                        .as("an example of the body of %s", operation)
                        .isTrue();
            }
        }
    }

    @Test
    void everyExampleIsAsItsSchemaSays() {
        int[] seen = {0};
        each(document.root, "", (pointer, node) -> {
            if (!node.isObject() || !node.has("schema")) {
                return;
            }
            List<JsonNode> examples = new ArrayList<>();
            if (node.has("example")) {
                examples.add(node.get("example"));
            }
            node.path("examples").forEach(example -> examples.add(example.get("value")));
            for (JsonNode example : examples) {
                seen[0]++;
                assertThat(document.at(pointer + "/schema").validate(example))
                        .as(pointer)
                        .isEmpty();
            }
        });
        assertThat(seen[0]).isGreaterThan(40);
    }

    /**
     * Whatever is sent with the ETag of another state is refused where the document names If-Match, and nowhere else; so a
     * route that goes by it cannot be left undescribed.
     */
    @Test
    void whereTheDocumentNamesIfMatchItCounts() {
        Set<String> counts = new TreeSet<>();
        Set<String> named = new TreeSet<>();
        for (ApiDocument.Operation operation : document.operations()) {
            if (!Set.of("put", "delete").contains(operation.method())) {
                continue;
            }
            if (operation.reads("If-Match")) {
                named.add(operation.toString());
            }
            HttpResponse<String> answer = server.send(request(operation).header("If-Match", "\"another.state\""));
            if (answer.statusCode() == 412) {
                counts.add(operation.toString());
            }
        }
        server.put("/api/v1/log-level", "{\"logger\":\"dev.tidemill\",\"level\":null}");
        assertThat(counts).isEqualTo(named).hasSize(7);
    }

    /** With the examples of the document in place of all that is open. */
    private HttpRequest.Builder request(ApiDocument.Operation operation) {
        String path = operation.path();
        for (JsonNode parameter : operation.parameters("path")) {
            path = path.replace(
                    "{" + parameter.get("name").stringValue() + "}",
                    parameter.get("example").asString());
        }
        char before = '?';
        for (JsonNode parameter : operation.parameters("query")) {
            if (parameter.path("required").asBoolean(false)) {
                path += before + parameter.get("name").stringValue() + "="
                        + parameter.get("example").asString();
                before = '&';
            }
        }
        JsonNode body = operation.described().at("/requestBody/content/application~1json/example");
        HttpRequest.Builder request = server.to(path);
        return body.isMissingNode()
                ? request.method(ApiDocument.upper(operation.method()), BodyPublishers.noBody())
                : request.header("Content-Type", "application/json")
                        .method(ApiDocument.upper(operation.method()), BodyPublishers.ofString(body.toString()));
    }

    @Test
    void theDocumentIsNotSentAgainToWhoeverHasIt() {
        HttpResponse<String> first = server.get("/openapi.json");
        String tag = first.headers().firstValue("ETag").orElseThrow();
        HttpResponse<String> again = server.send(server.to("/openapi.json").header("If-None-Match", tag));
        assertThat(again.statusCode()).isEqualTo(304);
        assertThat(again.body()).isEmpty();
    }
}

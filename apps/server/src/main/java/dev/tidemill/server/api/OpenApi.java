package dev.tidemill.server.api;

import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The description of the API in OpenAPI 3.1. It is written by hand, a file an area, so that a description says what is
 * promised and not what happens to be there; a test holds it against the routes and against what they answer. Every
 * operation gets the answers that any may give, so the files tell of the others alone.
 */
public final class OpenApi {
    private static final List<String> FILES = List.of(
            "openapi.yaml",
            "jobs.yaml",
            "dead-letters.yaml",
            "schedules.yaml",
            "queues.yaml",
            "control.yaml",
            "access.yaml",
            "work.yaml",
            "endpoints.yaml",
            "caches.yaml",
            "rules.yaml",
            "operations.yaml");
    private static final String REFUSED = "#/components/responses/Refused";
    private static final String FAILED = "#/components/responses/Failed";

    /** Creates it. */
    public OpenApi() {}

    /** Adds the route. */
    public void mount(Router router) {
        router.on("GET", "/openapi.json", OpenApi::show);
    }

    private static Reply show(Call call) {
        call.takesOnly();
        return Reply.json(Document.BYTES).tagged();
    }

    /** Read when first asked for. */
    private static final class Document {
        static final byte[] BYTES = JsonMapper.shared().writeValueAsBytes(merged());
    }

    private static ObjectNode merged() {
        YAMLMapper yaml = YAMLMapper.builder().build();
        ObjectNode document = yaml.createObjectNode();
        for (String file : FILES) {
            try (InputStream in =
                    Objects.requireNonNull(OpenApi.class.getResourceAsStream("/dev/tidemill/server/openapi/" + file))) {
                merge(document, (ObjectNode) yaml.readTree(in), file);
            } catch (IOException failed) {
                throw new UncheckedIOException("Reading " + file + " failed", failed);
            }
        }
        document.get("paths").forEach(OpenApi::answers);
        return document;
    }

    /** Adds what a file has; two that say something of the same thing are a mistake. */
    private static void merge(ObjectNode into, ObjectNode from, String file) {
        for (Map.Entry<String, JsonNode> property : from.properties()) {
            JsonNode there = into.get(property.getKey());
            if (there == null) {
                into.set(property.getKey(), property.getValue());
            } else if (there instanceof ObjectNode object && property.getValue() instanceof ObjectNode more) {
                merge(object, more, file);
            } else {
                throw new IllegalStateException(file + " says again what '" + property.getKey() + "' is.");
            }
        }
    }

    private static void answers(JsonNode path) {
        for (Map.Entry<String, JsonNode> operation : path.properties()) {
            if (operation.getValue() instanceof ObjectNode described && described.has("responses")) {
                ObjectNode responses = (ObjectNode) described.get("responses");
                responses.set("4XX", responses.objectNode().put("$ref", REFUSED));
                responses.set("5XX", responses.objectNode().put("$ref", FAILED));
            }
        }
    }
}

package dev.tidemill.storefront.web;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** JSON in and out; errors as problem details (RFC 9457). */
final class Json {
    private static final JsonMapper MAPPER = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private Json() {}

    static <T> T read(Exchange exchange, Class<T> type) {
        if (!exchange.mediaType().equals("application/json")) {
            throw new Refusal(415, "Not JSON", "Send the body with 'Content-Type: application/json'.");
        }
        try {
            T value = MAPPER.readValue(exchange.body(), type);
            if (value == null) {
                throw new Refusal(400, "Not an object", "The body is null; send a JSON object.");
            }
            return value;
        } catch (JacksonException malformed) {
            throw new Refusal(
                    400,
                    "Not understood",
                    "The body is not the JSON that is asked for: " + malformed.getOriginalMessage());
        }
    }

    static void send(Exchange exchange, int status, Object value) {
        exchange.send(status, "application/json", MAPPER.writeValueAsBytes(value));
    }

    static void problem(Exchange exchange, int status, String title, String detail, Map<String, String> fields) {
        Map<String, Object> problem = new LinkedHashMap<>();
        problem.put("type", "about:blank");
        problem.put("title", title);
        problem.put("status", status);
        problem.put("detail", detail);
        if (!fields.isEmpty()) {
            List<Map<String, String>> errors = fields.entrySet().stream()
                    .sorted(Map.Entry.comparingByKey())
                    .map(wrong -> Map.of("field", wrong.getKey(), "message", wrong.getValue()))
                    .toList();
            problem.put("errors", errors);
        }
        exchange.send(status, "application/problem+json", MAPPER.writeValueAsBytes(problem));
    }
}

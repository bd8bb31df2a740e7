package dev.tidemill.rules;

import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.type.TypeReference;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.json.JsonMapper;

/**
 * Makes an object of a row.
 *
 * @param <T> what rows are mapped to
 */
@FunctionalInterface
interface RowMapper<T> {
    /** Of a row as JSON. */
    T read(String rule, String json);

    /** As they are. */
    static RowMapper<Row> plain() {
        JsonMapper mapper = JsonMapper.builder()
                .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                .build();
        TypeReference<LinkedHashMap<String, @Nullable Object>> type = new TypeReference<>() {};
        return (rule, json) -> {
            Map<String, @Nullable Object> values = mapper.readValue(json, type);
            return new Row(values);
        };
    }

    /** As objects of a class, whose {@code userId} is the column {@code user_id}. */
    static <T> RowMapper<T> to(Class<T> type) {
        JsonMapper mapper = JsonMapper.builder()
                .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
                .disable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                .build();
        return (rule, json) -> {
            try {
                return mapper.readValue(json, type);
            } catch (JacksonException failed) {
                throw new RuleException(
                        RuleError.INVALID,
                        "A row for the rule '" + rule + "' cannot be made a " + type.getName() + ": "
                                + failed.getOriginalMessage(),
                        failed);
            }
        };
    }
}

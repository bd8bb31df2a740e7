package dev.tidemill.rules.capture;

import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.json.JsonMapper;

/** Definitions as JSON, as the database keeps them. */
public final class DefinitionCodec {
    private final JsonMapper mapper = JsonMapper.builder()
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    /** As it is kept. */
    public String write(Definition definition) {
        return mapper.writeValueAsString(definition);
    }

    /** As it was kept. */
    public Definition read(String json) {
        return mapper.readValue(json, Definition.class);
    }
}

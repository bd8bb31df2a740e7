package dev.tidemill.cache.postgres;

import dev.tidemill.schema.Component;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.regex.Pattern;

/** The named statements of {@code cache.sql} for one schema, and the files that make the tables. */
final class CacheSql {
    static final Component COMPONENT = new Component(
            "cache",
            List.of("C001__cache.sql", "C002__claims_left_behind.sql"),
            file -> resource("/dev/tidemill/cache/migration/" + file));

    private static final int MAX_IDENTIFIER_BYTES = 63;

    private final Map<String, String> byName = new HashMap<>();

    CacheSql(String schema) {
        String plain = "tidemill_cache_" + schema;
        String channel = plain.getBytes(StandardCharsets.UTF_8).length <= MAX_IDENTIFIER_BYTES
                ? plain
                : "tidemill_cache_" + UUID.nameUUIDFromBytes(schema.getBytes(StandardCharsets.UTF_8));
        for (String section : Pattern.compile("(?m)^-- :").split(resource("cache.sql"), -1)) {
            int end = section.indexOf('\n');
            if (end > 0) {
                byName.put(
                        section.substring(0, end).strip(),
                        section.substring(end)
                                .strip()
                                .replace("{schema}", '"' + schema + '"')
                                .replace("{name}", schema)
                                .replace("{channel}", channel));
            }
        }
    }

    String get(String name) {
        return Objects.requireNonNull(byName.get(name), () -> "no statement is named " + name);
    }

    private static String resource(String name) {
        try (InputStream in = CacheSql.class.getResourceAsStream(name)) {
            return new String(
                    Objects.requireNonNull(in, () -> "missing resource " + name).readAllBytes(),
                    StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}

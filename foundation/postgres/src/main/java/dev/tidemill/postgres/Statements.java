package dev.tidemill.postgres;

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

/**
 * The named statements of {@code statements.sql} and its neighbours, for one schema. In them and in the migrations
 * {@code {schema}} is the schema as an identifier, quoted, so that any name will do; {@code {name}} is the bare name,
 * for the keys of advisory locks; {@code {channel}} is the channel of its notifications.
 */
final class Statements {
    private static final List<String> RESOURCES = List.of(
            "statements.sql",
            "control.sql",
            "breakers.sql",
            "schedules.sql",
            "reports.sql",
            "history.sql",
            "checkup.sql",
            "unique.sql",
            "steering.sql",
            "search.sql",
            "leases.sql");
    private static final int MAX_IDENTIFIER_BYTES = 63;

    private final Map<String, String> byName = new HashMap<>();
    private final String schema;

    Statements(String schema) {
        this.schema = schema;
        RESOURCES.forEach(this::read);
    }

    private void read(String file) {
        for (String section : Pattern.compile("(?m)^-- :").split(resource(file), -1)) {
            int end = section.indexOf('\n');
            String name = section.substring(0, end).strip();
            String sql = forSchema(section.substring(end).strip(), schema);
            if (byName.put(name, sql) != null && !name.startsWith("--")) {
                throw new IllegalStateException("Two statements are named " + name + ".");
            }
        }
    }

    String get(String name) {
        return Objects.requireNonNull(byName.get(name), () -> "no statement is named " + name);
    }

    /** The schema as an identifier, quoted. */
    String schema() {
        return quoted(schema);
    }

    static String forSchema(String sql, String schema) {
        return sql.replace("{schema}", quoted(schema)).replace("{name}", schema).replace("{channel}", channel(schema));
    }

    /** A name holds no quotes, backslashes, dollars, percent signs or braces: whoever lets it in sees to that. */
    static String quoted(String name) {
        return '"' + name + '"';
    }

    /** Identifiers end after 63 bytes; a longer channel would be cut, and meet another's. */
    private static String channel(String schema) {
        String plain = "tidemill_" + schema;
        if (plain.getBytes(StandardCharsets.UTF_8).length <= MAX_IDENTIFIER_BYTES) {
            return plain;
        }
        return "tidemill_" + UUID.nameUUIDFromBytes(schema.getBytes(StandardCharsets.UTF_8));
    }

    static String resource(String name) {
        try (InputStream in = Statements.class.getResourceAsStream(name)) {
            return new String(
                    Objects.requireNonNull(in, () -> "missing resource " + name).readAllBytes(),
                    StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}

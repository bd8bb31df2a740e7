package dev.tidemill.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/** The named statements of {@code statements.sql}, for one schema. */
final class Statements {
    private final Map<String, String> byName = new HashMap<>();
    private final String schema;

    Statements(String schema) {
        this.schema = schema;
        for (String section : Pattern.compile("(?m)^-- :").split(resource("statements.sql"), -1)) {
            int end = section.indexOf('\n');
            byName.put(
                    section.substring(0, end).strip(),
                    forSchema(section.substring(end).strip(), schema));
        }
    }

    String get(String name) {
        return Objects.requireNonNull(byName.get(name), () -> "no statement is named " + name);
    }

    String schema() {
        return schema;
    }

    static String forSchema(String sql, String schema) {
        return sql.replace("{schema}", schema).replace("{channel}", "tidemill_" + schema);
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

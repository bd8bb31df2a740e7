package dev.tidemill.rules;

import dev.tidemill.schema.Component;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/** The named statements of {@code rules.sql} for one schema, and the files that make the tables. */
final class RuleSql {
    static final Component COMPONENT = new Component(
            "rules",
            List.of("R001__rules.sql", "R002__watched.sql", "R004__horizon.sql", "R005__any_key.sql"),
            file -> resource("/dev/tidemill/rules/migration/" + file));

    private final Map<String, String> byName = new HashMap<>();

    RuleSql(String schema) {
        for (String section : Pattern.compile("(?m)^-- :").split(resource("rules.sql"), -1)) {
            int end = section.indexOf('\n');
            if (end > 0) {
                byName.put(
                        section.substring(0, end).strip(),
                        section.substring(end)
                                .strip()
                                .replace("{schema}", '"' + schema + '"')
                                .replace("{name}", schema));
            }
        }
    }

    String get(String name) {
        return Objects.requireNonNull(byName.get(name), () -> "no statement is named " + name);
    }

    private static String resource(String name) {
        try (InputStream in = RuleSql.class.getResourceAsStream(name)) {
            return new String(
                    Objects.requireNonNull(in, () -> "missing resource " + name).readAllBytes(),
                    StandardCharsets.UTF_8);
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
    }
}

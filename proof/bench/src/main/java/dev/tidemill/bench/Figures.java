package dev.tidemill.bench;

import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/** What was measured, in order, with the conditions. */
final class Figures {
    private final Map<String, Object> values = new LinkedHashMap<>();
    private final Map<String, String> aims = new LinkedHashMap<>();
    private final Map<String, Object> conditions = new LinkedHashMap<>();

    void put(String key, Object value, String aim) {
        values.put(key, value);
        aims.put(key, aim);
    }

    void condition(String key, Object value) {
        conditions.put(key, value);
    }

    /** One line. */
    String json() {
        Map<String, Object> all = new LinkedHashMap<>(values);
        all.put("conditions", conditions);
        return JsonMapper.shared().writeValueAsString(all);
    }

    /** Nothing lost, nothing done twice. */
    boolean isSound() {
        return Long.valueOf(0).equals(values.get("lost")) && Long.valueOf(0).equals(values.get("finished_twice"));
    }

    void print(PrintStream out) {
        out.printf("%n%-24s %28s   %s%n", "figure", "measured", "aim");
        values.forEach((key, value) -> out.printf("%-24s %28s   %s%n", key, text(value), aims.get(key)));
        out.println();
        conditions.forEach((key, value) -> out.printf("%-24s %s%n", key, value));
    }

    private static String text(Object value) {
        return switch (value) {
            case Double number -> String.format(Locale.ROOT, "%,.2f", number);
            case Long number -> String.format(Locale.ROOT, "%,d", number);
            default -> String.valueOf(value);
        };
    }
}

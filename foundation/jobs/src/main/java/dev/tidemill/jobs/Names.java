package dev.tidemill.jobs;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/** The rules for names. */
final class Names {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,99}");
    private static final Pattern NOT_IN_SCHEMA = Pattern.compile("[\"'\\\\%$?;{}\\p{Cntrl}]");
    private static final int MAX_SCHEMA_BYTES = 63;
    private static final Pattern TRACE = Pattern.compile("[ -~]{1,713}");
    private static final int MAX_TAG_VALUE = 200;
    private static final int MAX_KEY = 200;

    private Names() {}

    static String kind(String kind) {
        return check(kind, "kind", ErrorCode.INVALID_KIND);
    }

    static String dependency(String dependency) {
        return check(dependency, "dependency", ErrorCode.INVALID_OPTION);
    }

    static String queue(String queue) {
        return check(queue, "queue", ErrorCode.INVALID_QUEUE);
    }

    static String schedule(String name) {
        return check(name, "schedule's name", ErrorCode.INVALID_OPTION);
    }

    static String schema(String schema) {
        int bytes = schema.getBytes(StandardCharsets.UTF_8).length;
        if (schema.isBlank()
                || bytes > MAX_SCHEMA_BYTES
                || NOT_IN_SCHEMA.matcher(schema).find()
                || schema.startsWith("pg_")
                || schema.equals("information_schema")) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The schema is named '" + schema + "' (" + bytes + " bytes); use 1 to " + MAX_SCHEMA_BYTES
                            + " bytes, not all blank, without quotes, backslashes, control characters or any of"
                            + " % $ ? ; { }, not beginning with pg_, and not information_schema.");
        }
        return schema;
    }

    static String key(String key) {
        if (key.isEmpty() || key.length() > MAX_KEY || key.indexOf('\0') >= 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The key has " + key.length() + " characters; it needs 1 to " + MAX_KEY + ", none of them NUL.");
        }
        return key;
    }

    static boolean isTrace(String trace) {
        return TRACE.matcher(trace).matches();
    }

    static void tag(String name, String value) {
        check(name, "tag", ErrorCode.INVALID_TAG);
        if (value.isEmpty() || value.length() > MAX_TAG_VALUE || value.indexOf('\0') >= 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_TAG,
                    "The value of tag '" + name + "' has " + value.length() + " characters; it needs 1 to "
                            + MAX_TAG_VALUE + ", none of them NUL.");
        }
    }

    private static String check(String name, String what, ErrorCode code) {
        if (!NAME.matcher(name).matches()) {
            String shown = name.length() > 120 ? name.substring(0, 120) + "…" : name;
            throw new TidemillException(
                    code,
                    "'" + shown + "' is not a " + what + ": use 1 to 100 letters, digits, dots, dashes or "
                            + "underscores, the first one a letter.");
        }
        return name;
    }
}

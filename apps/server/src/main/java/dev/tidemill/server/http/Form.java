package dev.tidemill.server.http;

import java.math.BigDecimal;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The fields of a form that a browser sent, blanks around values cut off. A field may come several times, as the
 * check boxes of a list do.
 *
 * @param fields the values by name, in the order sent
 */
public record Form(Map<String, List<String>> fields) {
    private static final int MOST_FIELDS = 2_000;
    private static final BigDecimal LEAST_SECONDS = new BigDecimal("0.001");
    private static final BigDecimal MOST_SECONDS = BigDecimal.valueOf(365L * 86_400);

    public Form {
        fields = Map.copyOf(fields);
    }

    static Form parse(byte[] body) {
        Map<String, List<String>> fields = new LinkedHashMap<>();
        String[] pairs = new String(body, StandardCharsets.US_ASCII).split("&", MOST_FIELDS + 1);
        if (pairs.length > MOST_FIELDS) {
            throw Problem.of(ProblemCode.TOO_MANY_ITEMS, "The form has more than " + MOST_FIELDS + " fields.");
        }
        try {
            for (String pair : pairs) {
                int equals = pair.indexOf('=');
                if (equals > 0) {
                    fields.computeIfAbsent(decoded(pair.substring(0, equals)), name -> new ArrayList<>())
                            .add(decoded(pair.substring(equals + 1)).strip());
                }
            }
        } catch (IllegalArgumentException malformed) {
            throw Problem.of(ProblemCode.BODY_INVALID, "The form is not URL-encoded.");
        }
        return new Form(fields);
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    /** A field's value; empty if it was left out or left empty. */
    public Optional<String> value(String name) {
        return fields.getOrDefault(name, List.of()).stream().findFirst().filter(value -> !value.isEmpty());
    }

    /** A field's value, empty text if there is none. */
    public String text(String name) {
        return value(name).orElse("");
    }

    /** A value that has to be there. */
    public String required(String name) {
        return value(name)
                .orElseThrow(() -> Problem.of(ProblemCode.FIELD_MISSING, "'" + name + "' is empty; fill it in."));
    }

    /** A whole number; empty if the field was left empty. */
    public Optional<Integer> whole(String name) {
        return value(name).map(text -> {
            try {
                return Integer.valueOf(text);
            } catch (NumberFormatException noNumber) {
                throw Problem.of(ProblemCode.FIELD_INVALID, "'" + name + "' is '" + text + "'; it is a whole number.");
            }
        });
    }

    /** A number, with a point or without; empty if the field was left empty. */
    public Optional<BigDecimal> decimal(String name) {
        return value(name).map(text -> {
            try {
                return new BigDecimal(text);
            } catch (NumberFormatException noNumber) {
                throw Problem.of(ProblemCode.FIELD_INVALID, "'" + name + "' is '" + text + "'; it is a number.");
            }
        });
    }

    /** A number of seconds, 0.001 to 365 days of them; empty if the field was left empty. */
    public Optional<Duration> seconds(String name) {
        return decimal(name).map(seconds -> {
            if (seconds.compareTo(LEAST_SECONDS) < 0 || seconds.compareTo(MOST_SECONDS) > 0) {
                throw Problem.of(
                        ProblemCode.FIELD_INVALID,
                        "'" + name + "' is " + text(name) + " seconds; it must be 0.001 seconds to 365 days.");
            }
            return Duration.ofNanos(seconds.movePointRight(9).longValue());
        });
    }

    /** Whether a box is ticked. */
    public boolean ticked(String name) {
        return value(name).isPresent();
    }

    /** Every value of a field. */
    public List<String> all(String name) {
        return List.copyOf(fields.getOrDefault(name, List.of()));
    }
}

package dev.tidemill.cli.options;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads 30s, 5m, 1h, 7d, or an ISO-8601 duration. */
public final class Span implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
        String text = value.strip().toUpperCase(Locale.ROOT);
        try {
            return Duration.parse(written(text));
        } catch (DateTimeParseException malformed) {
            throw new TypeConversionException("'" + value + "' is no time; write it as 30s, 5m, 1h or 7d.");
        }
    }

    /** Days are no time of a day, so ISO-8601 puts them before its T. */
    private static String written(String text) {
        if (text.startsWith("P")) {
            return text;
        }
        return text.matches("[0-9]+D") ? "P" + text : "PT" + text;
    }
}

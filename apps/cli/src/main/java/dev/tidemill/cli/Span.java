package dev.tidemill.cli;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads 30s, 5m, 1h, or an ISO-8601 duration. */
final class Span implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
        String text = value.strip().toUpperCase(Locale.ROOT);
        try {
            return Duration.parse(text.startsWith("P") ? text : "PT" + text);
        } catch (DateTimeParseException malformed) {
            throw new TypeConversionException("'" + value + "' is no time; write it as 30s, 5m or 1h.");
        }
    }
}

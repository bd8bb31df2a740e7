package dev.tidemill.storefront;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads a length of time from a command line: 60s, 5m, 1h, 1m30s. */
final class Span implements ITypeConverter<Duration> {
    private static final Duration MAX = Duration.ofDays(365);

    @Override
    public Duration convert(String value) {
        try {
            Duration read = Duration.parse("PT" + value.strip().toUpperCase(Locale.ROOT));
            if (read.isPositive() && read.compareTo(MAX) <= 0) {
                return read;
            }
        } catch (DateTimeParseException malformed) {
            // Refused below, like a time that is not ahead.
        }
        throw new TypeConversionException("'" + value + "' is no time; write it as 60s, 5m or 1h.");
    }
}

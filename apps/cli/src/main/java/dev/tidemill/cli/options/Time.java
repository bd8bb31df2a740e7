package dev.tidemill.cli.options;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Reads an ISO-8601 instant. */
public final class Time implements ITypeConverter<Instant> {
    @Override
    public Instant convert(String value) {
        try {
            return Instant.parse(value.strip().toUpperCase(Locale.ROOT));
        } catch (DateTimeParseException malformed) {
            throw new TypeConversionException("'" + value + "' is no time; write it as 2030-01-31T09:00:00Z.");
        }
    }
}

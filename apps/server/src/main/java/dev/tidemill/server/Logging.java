package dev.tidemill.server;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.JsonEncoder;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.ConsoleAppender;
import ch.qos.logback.core.encoder.Encoder;
import java.util.Locale;
import org.slf4j.LoggerFactory;
import org.slf4j.bridge.SLF4JBridgeHandler;

/**
 * Sets logging up for a program of ours: to standard error, so that standard output stays the program's own, as text or
 * JSON. What runs for a job carries {@code job}, {@code kind}, {@code attempt}, {@code node} and {@code trace} in its
 * logging context, and both formats show it.
 *
 * <p>Levels can be changed while the program runs: through the server's {@code PUT /api/v1/log-level}, or with
 * {@link #level}.
 */
public final class Logging {
    private static final String PATTERN =
            "%date{HH:mm:ss.SSS} %-5level %logger{24} %replace([%mdc] ){'^\\[\\] $', ''}" + "%msg%n%ex{full}";

    private Logging() {}

    /**
     * Replaces whatever Logback was configured with.
     *
     * @param level of everything that has no level of its own: TRACE, DEBUG, INFO, WARN, ERROR or OFF
     */
    public static void configure(LogFormat format, String level) {
        Level chosen = parse(level);
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        Encoder<ILoggingEvent> encoder = encoder(format, context);
        ConsoleAppender<ILoggingEvent> appender = new ConsoleAppender<>();
        appender.setContext(context);
        appender.setName("stderr");
        appender.setTarget("System.err");
        appender.setEncoder(encoder);
        appender.start();
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.setLevel(chosen);
        root.addAppender(appender);
        // Helidon tells of its features and threads at every start.
        context.getLogger("io.helidon").setLevel(Level.WARN);
        context.getLogger("com.zaxxer.hikari").setLevel(Level.WARN);
        // They would write out the headers that endpoints are sent, with the secrets in them.
        context.getLogger("org.apache.hc.client5.http.headers").setLevel(Level.OFF);
        context.getLogger("org.apache.hc.client5.http.wire").setLevel(Level.OFF);
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
    }

    private static Encoder<ILoggingEvent> encoder(LogFormat format, LoggerContext context) {
        return switch (format) {
            case JSON -> json(context);
            case TEXT -> text(context);
        };
    }

    private static Encoder<ILoggingEvent> json(LoggerContext context) {
        JsonEncoder json = new JsonEncoder();
        json.setContext(context);
        json.setWithSequenceNumber(false);
        json.setWithContext(false);
        json.setWithMessage(false);
        json.setWithArguments(false);
        json.setWithFormattedMessage(true);
        json.start();
        return json;
    }

    private static Encoder<ILoggingEvent> text(LoggerContext context) {
        PatternLayoutEncoder text = new PatternLayoutEncoder();
        text.setContext(context);
        text.setPattern(PATTERN);
        text.start();
        return text;
    }

    /** Sets the level of a logger and of those below it that have none of their own. */
    public static void level(String logger, String level) {
        ((LoggerContext) LoggerFactory.getILoggerFactory()).getLogger(logger).setLevel(parse(level));
    }

    private static Level parse(String level) {
        Level parsed = Level.toLevel(level.toUpperCase(Locale.ROOT), null);
        if (parsed == null) {
            throw new IllegalArgumentException(
                    "Unknown log level '" + level + "'. Use TRACE, DEBUG, INFO, WARN, ERROR or OFF.");
        }
        return parsed;
    }
}

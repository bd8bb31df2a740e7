package dev.tidemill.server;

import dev.tidemill.embedded.EmbeddedPostgresException;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.caches.CachesFile;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.program.ExitCode;
import dev.tidemill.tracing.OpenTelemetryTracing;
import io.opentelemetry.api.GlobalOpenTelemetry;
import io.opentelemetry.api.OpenTelemetry;
import io.opentelemetry.api.trace.TracerProvider;
import java.io.PrintWriter;
import java.lang.management.ManagementFactory;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** The program {@code tidemill server}. */
@Command(
        name = "tidemill server",
        sortOptions = false,
        usageHelpAutoWidth = true,
        headerHeading = "",
        header = "Serves the HTTP API and the live page of a Tidemill.",
        description = {
            "",
            "Without --database it runs a PostgreSQL of its own, with its data in --data. Every route but health asks "
                    + "for a log-in or an API key; while there are no users it prints a link that makes the first. It "
                    + "listens on 127.0.0.1 unless --host says otherwise.",
            ""
        },
        optionListHeading = "Options:%n",
        footer = {
            "",
            "Ctrl-C stops it cleanly. Logs go to standard error. Exit codes: 0 stopped, 2 an option is wrong or its value "
                    + "refused, 3 the database could not be asked, 1 it failed otherwise.",
            "",
            "Example, with --open: enqueue a job, and look at how things stand",
            "  curl http://127.0.0.1:8080/api/v1/jobs -H 'Content-Type: application/json' \\",
            "    -d '{\"kind\": \"SendWelcome\", \"payload\": {\"email\": \"ada@example.com\"}}'",
            "  curl http://127.0.0.1:8080/api/v1/stats"
        })
public final class ServerMain implements Callable<Integer> {
    private static final Duration GRACE = Duration.ofSeconds(10);

    @Option(
            names = "--port",
            paramLabel = "PORT",
            defaultValue = "8080",
            description = "Listen on this port; 0 picks a free one. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--host",
            paramLabel = "HOST",
            defaultValue = "127.0.0.1",
            description = "Listen on this address. Default: ${DEFAULT-VALUE}.")
    private String host = "127.0.0.1";

    @Option(
            names = "--token-file",
            paramLabel = "FILE",
            description = "Let whoever has the token in this file do everything. Or set TIDEMILL_TOKEN.")
    private @Nullable Path tokenFile;

    @Option(
            names = "--open",
            description = "Ask nobody who they are: whoever is on this machine may do everything. On loopback "
                    + "addresses only.")
    private boolean open;

    @Option(
            names = "--tls-cert",
            paramLabel = "FILE",
            description = "Speak https with the certificate in this PEM file; it is read again when it changes.")
    private @Nullable Path certificate;

    @Option(
            names = "--tls-key",
            paramLabel = "FILE",
            description = "The PEM file of the certificate's key, BEGIN PRIVATE KEY, not encrypted.")
    private @Nullable Path key;

    @Option(
            names = "--trusted-proxy",
            paramLabel = "NETWORK",
            split = ",",
            description = "Take the word of proxies in this network on where requests come from: 10.0.0.0/8 or "
                    + "192.0.2.7. May be repeated.")
    private List<String> trustedProxies = List.of();

    @Option(
            names = "--advertise",
            paramLabel = "URL",
            description = "Where remote workers reach this very server, if several stand behind one address.")
    private @Nullable URI advertised;

    @Option(
            names = "--allow-private-endpoints",
            description = "Send jobs also to endpoints in this network, and without TLS. For development.")
    private boolean allowPrivateEndpoints;

    @Option(
            names = "--secret-key-file",
            paramLabel = "FILE",
            description =
                    "Seal the secrets of endpoints in the database by the first key in this file, one a line, and "
                            + "open them by any: base64 of 32 bytes each. Or set TIDEMILL_SECRET_KEY.")
    private @Nullable Path secretKeyFile;

    @Option(
            names = "--rate-limit",
            paramLabel = "N",
            defaultValue = "5000",
            description = "Answer each caller and each address up to N requests a second in the long run; 0 for no "
                    + "limit. Default: ${DEFAULT-VALUE}.")
    private int rateLimit;

    @Option(
            names = "--cors-origin",
            paramLabel = "ORIGIN",
            split = ",",
            description = "Let pages of this origin use the API from browsers, with an API key: "
                    + "https://app.example.com. May be repeated.")
    private List<String> corsOrigins = List.of();

    @Option(
            names = "--caches",
            paramLabel = "FILE",
            description = "Serve the caches that this YAML file names; docs/cache.md describes it.")
    private @Nullable Path caches;

    @ArgGroup(exclusive = false)
    private DatabaseOptions database = new DatabaseOptions();

    @ArgGroup(exclusive = false)
    private PriorityOptions priorities = new PriorityOptions();

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text or json. Default: ${DEFAULT-VALUE}.")
    private LogFormat logFormat = LogFormat.TEXT;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            defaultValue = "INFO",
            description = "TRACE, DEBUG, INFO, WARN, ERROR or OFF; PUT /api/v1/log-level changes it later. Default: "
                    + "${DEFAULT-VALUE}.")
    private String logLevel = "INFO";

    @Option(
            names = "--json",
            description =
                    "Print one line of JSON as soon as it serves, and nothing else: url, and setup_url while there "
                            + "are no users.")
    private boolean json;

    @Option(names = "--for", paramLabel = "TIME", description = "Stop by itself after this time: 60s, 5m, 1h.")
    private @Nullable Duration length;

    @Option(
            names = "--drain",
            paramLabel = "TIME",
            description =
                    "When told to stop, say so on /readyz and serve for this long before it stops, so that a load "
                            + "balancer can look elsewhere. Without it, it stops at once.")
    private @Nullable Duration drain;

    @Option(names = "--help", usageHelp = true, description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it.
    private boolean help;

    private final PrintWriter out;
    private final CountDownLatch ended = new CountDownLatch(1);

    ServerMain(PrintWriter out) {
        this.out = out;
    }

    /** Runs the program. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, java.nio.charset.StandardCharsets.UTF_8);
        System.exit(command(new ServerMain(out)).setOut(out).execute(args));
    }

    static CommandLine command(ServerMain program) {
        return new CommandLine(program)
                .registerConverter(Duration.class, new Span())
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failed, line, parsed) -> {
                    int code = switch (failed) {
                        case TidemillException known -> ExitCode.of(known.code());
                        case EmbeddedPostgresException notUp -> ExitCode.UNAVAILABLE;
                        case IllegalArgumentException refused -> ExitCode.USAGE;
                        default -> throw failed;
                    };
                    line.getErr().println("tidemill server: " + failed.getMessage());
                    return code;
                });
    }

    @Override
    public Integer call() throws Exception {
        Logging.configure(logFormat, logLevel);
        Priorities chosen = priorities.priorities();
        Logger log = LoggerFactory.getLogger(ServerMain.class);
        CountDownLatch closed = new CountDownLatch(1);
        Thread hook = Thread.ofPlatform().name("tidemill-stop").unstarted(() -> waitFor(closed));
        Runtime.getRuntime().addShutdownHook(hook);
        try (Database opened = database.open();
                Tidemill mill = traced(Tidemill.on(opened.dataSource())
                                .schema(database.schema())
                                .priorities(chosen))
                        .start();
                Caching caching = Caching.open(caches, opened.dataSource(), database.schema());
                TidemillServer server = serve(mill, caching.served())) {
            log.info(
                    "Serving {} on {}, {} ms after the JVM began",
                    server.url(),
                    opened.description(),
                    ManagementFactory.getRuntimeMXBean().getUptime());
            announce(server);
            if (length == null) {
                ended.await();
            } else if (!ended.await(length.toMillis(), TimeUnit.MILLISECONDS)) {
                log.info("Stopping: {} are over", length);
            }
            long told = System.nanoTime();
            server.drain();
            if (drain != null) {
                log.info("Stopping in {}: /readyz says so, requests are answered until then", drain);
                LockSupport.parkNanos(drain.toNanos());
            }
            log.info("Stopping: {} handlers run, requests in hand are answered", mill.running());
            server.stop();
            mill.stop(GRACE);
            log.info("Stopped, {} ms after it was told to", (System.nanoTime() - told) / 1_000_000);
        } finally {
            closed.countDown();
        }
        return 0;
    }

    /**
     * What an agent of OpenTelemetry has put into this JVM, if one is attached; which exporter there is, it knows. Agents
     * answer where the global one is asked for, and leave it unset.
     */
    private static @Nullable OpenTelemetry telemetry() {
        OpenTelemetry found = GlobalOpenTelemetry.get();
        return found.getTracerProvider().equals(TracerProvider.noop()) ? null : found;
    }

    private static TidemillBuilder traced(TidemillBuilder jobs) {
        OpenTelemetry telemetry = telemetry();
        return telemetry == null ? jobs : jobs.tracing(OpenTelemetryTracing.on(telemetry));
    }

    /** The caches of a file, until the server has stopped. */
    private record Caching(@Nullable ServedCaches served) implements AutoCloseable {
        static Caching open(@Nullable Path file, DataSource dataSource, String schema) {
            return new Caching(file == null ? null : CachesFile.open(file, dataSource, schema));
        }

        @Override
        public void close() {
            if (served != null) {
                served.caches().close();
            }
        }
    }

    private TidemillServer serve(Tidemill mill, @Nullable ServedCaches served) {
        TidemillServerBuilder builder = TidemillServer.builder(mill).host(host).port(port);
        if (served != null) {
            builder.caches(served);
        }
        String token = Secrets.token(tokenFile);
        if (token != null) {
            builder.token(token);
        }
        String keys = secretKeyFile == null
                ? Secrets.environment("TIDEMILL_SECRET_KEY")
                : Secrets.file(secretKeyFile, "--secret-key-file");
        if (keys != null) {
            builder.secretKeys(keys);
        }
        if (open) {
            builder.open();
        }
        if (certificate != null && key != null) {
            builder.tls(certificate, key);
        } else if (certificate != null || key != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "--tls-cert and --tls-key belong together; give both, or neither.");
        }
        if (advertised != null) {
            builder.advertise(advertised);
        }
        if (allowPrivateEndpoints) {
            builder.allowPrivateEndpoints();
        }
        OpenTelemetry telemetry = telemetry();
        if (telemetry != null) {
            builder.tracing(telemetry);
        }
        return builder.trustedProxies(trustedProxies)
                .rateLimit(rateLimit)
                .corsOrigins(corsOrigins)
                .start();
    }

    private void announce(TidemillServer server) {
        if (json) {
            out.println(new String(
                    Json.write(line -> {
                        line.writeStartObject().writeStringProperty("url", server.url());
                        server.setUpLink().ifPresent(link -> line.writeStringProperty("setup_url", link));
                        line.writeEndObject();
                    }),
                    java.nio.charset.StandardCharsets.UTF_8));
        } else {
            out.println("Tidemill serves at " + server.url() + " (Ctrl-C stops it)");
            server.setUpLink()
                    .ifPresent(link -> out.println("There are no users yet. Become the first, an admin, within a day:"
                            + System.lineSeparator() + "  " + link));
        }
        out.flush();
    }

    /** The server's and the mill's own patience, and what the engine needs beyond. */
    private Duration patience() {
        return GRACE.multipliedBy(2).plusSeconds(20).plus(drain == null ? Duration.ZERO : drain);
    }

    /** In the shutdown hook: has the main thread close everything in order, and waits for it. */
    private void waitFor(CountDownLatch closed) {
        ended.countDown();
        try {
            if (!closed.await(patience().toSeconds(), TimeUnit.SECONDS)) {
                LoggerFactory.getLogger(ServerMain.class).warn("Stopping took too long; some of it was cut short");
            }
        } catch (InterruptedException nobodyInterruptsHooks) {
            Thread.currentThread().interrupt();
        }
    }

    /** Reads 500ms, 60s, 5m, 1h, or an ISO-8601 duration. */
    static final class Span implements ITypeConverter<Duration> {
        @Override
        public Duration convert(String value) {
            String text = value.strip().toUpperCase(Locale.ROOT);
            try {
                Duration read = text.endsWith("MS")
                        ? Duration.ofMillis(Long.parseLong(text.substring(0, text.length() - 2)))
                        : Duration.parse(text.startsWith("P") ? text : "PT" + text);
                if (read.isPositive() && read.compareTo(Duration.ofDays(3650)) < 0) {
                    return read;
                }
            } catch (DateTimeParseException | NumberFormatException malformed) {
                // Refused below, like a time that is not ahead.
            }
            throw new TypeConversionException("'" + value + "' is no time; write it as 60s, 5m or 1h.");
        }
    }
}

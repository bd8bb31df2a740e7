package dev.tidemill.storefront;

import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.LogFormat;
import dev.tidemill.server.Logging;
import dev.tidemill.storefront.SmtpSettings.Tls;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The program {@code tidemill storefront}: the sample shop alone, on a database and a mail server of yours. */
@Command(
        name = "tidemill storefront",
        sortOptions = false,
        usageHelpAutoWidth = true,
        header = "Starts the sample shop on your PostgreSQL, with your mail server.",
        description = {
            "",
            "From the environment: TIDEMILL_DATABASE_USER and TIDEMILL_DATABASE_PASSWORD; TIDEMILL_SMTP_USER and "
                    + "TIDEMILL_SMTP_PASSWORD; TIDEMILL_SHOP_SECRET, 16 characters or more, which one-time codes are "
                    + "made with: without it, codes are void after a restart.",
            ""
        },
        optionListHeading = "Options:%n",
        footer = {"", "Ctrl-C stops it cleanly. Logs go to standard error."})
public final class StorefrontMain implements Callable<Integer> {
    private static final int CONNECTIONS = 32;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            required = true,
            description = "PostgreSQL, 15 or newer: jdbc:postgresql://host:port/name.")
    private String database = "";

    @Option(
            names = "--smtp",
            paramLabel = "HOST:PORT",
            required = true,
            description = "The mail server that takes the shop's e-mails.")
    private String smtp = "";

    @Option(
            names = "--smtp-tls",
            paramLabel = "HOW",
            defaultValue = "NONE",
            description = "none, starttls (usual on port 587) or implicit (usual on 465). Default: none.")
    private Tls tls = Tls.NONE;

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8080",
            description = "Listen on this port of 127.0.0.1; 0 picks a free one. Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(names = "--help", usageHelp = true, description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it.
    private boolean help;

    private final PrintWriter out;
    private final CountDownLatch ending = new CountDownLatch(1);

    StorefrontMain(PrintWriter out) {
        this.out = out;
    }

    /** Runs the program. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        CommandLine line = new CommandLine(new StorefrontMain(out)).setCaseInsensitiveEnumValuesAllowed(true);
        line.setExecutionExceptionHandler((failed, command, parsed) -> {
            if (failed instanceof TidemillException || failed instanceof IllegalArgumentException) {
                command.getErr().println("tidemill storefront: " + failed.getMessage());
                return 1;
            }
            throw failed;
        });
        System.exit(line.execute(args));
    }

    @Override
    public Integer call() throws Exception {
        Logging.configure(LogFormat.TEXT, "INFO");
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("storefront-stop").unstarted(() -> awaitEnd(closed)));
        try (HikariDataSource pool = pool();
                Storefront shop = shop(pool)) {
            out.println("The shop is at " + shop.url() + " (Ctrl-C stops it)");
            ending.await();
        } finally {
            closed.countDown();
        }
        return 0;
    }

    private Storefront shop(HikariDataSource pool) throws Exception {
        Storefront.Builder builder = Storefront.builder(pool, smtpSettings()).port(port);
        String secret = environment("TIDEMILL_SHOP_SECRET");
        if (secret != null) {
            builder.secret(secret.getBytes(StandardCharsets.UTF_8));
        }
        return builder.start();
    }

    private SmtpSettings smtpSettings() {
        SmtpSettings settings = SmtpSettings.parse(smtp).tls(tls);
        String user = environment("TIDEMILL_SMTP_USER");
        String password = environment("TIDEMILL_SMTP_PASSWORD");
        return user == null || password == null ? settings : settings.login(user, password);
    }

    private HikariDataSource pool() {
        if (!database.startsWith("jdbc:postgresql:")) {
            throw new IllegalArgumentException(
                    "The database is not given as jdbc:postgresql://host:port/name; write it like that.");
        }
        HikariConfig config = new HikariConfig();
        config.setPoolName(StorefrontMain.class.getSimpleName().toLowerCase(Locale.ROOT));
        config.setJdbcUrl(database);
        config.setUsername(environment("TIDEMILL_DATABASE_USER"));
        config.setPassword(environment("TIDEMILL_DATABASE_PASSWORD"));
        config.setMaximumPoolSize(CONNECTIONS);
        return new HikariDataSource(config);
    }

    private static @Nullable String environment(String name) {
        String value = System.getenv(name);
        return value == null || value.isBlank() ? null : value.strip();
    }

    private void awaitEnd(CountDownLatch closed) {
        ending.countDown();
        try {
            boolean unused = closed.await(30, TimeUnit.SECONDS);
        } catch (InterruptedException nobodyInterruptsHooks) {
            Thread.currentThread().interrupt();
        }
    }
}

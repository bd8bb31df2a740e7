package dev.tidemill.storefront;

import dev.tidemill.embedded.EmbeddedPostgresException;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.LogFormat;
import dev.tidemill.server.Logging;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** The program {@code tidemill demo}: the sample shop with everything around it. */
@Command(
        name = "tidemill demo",
        sortOptions = false,
        usageHelpAutoWidth = true,
        header = "Starts the sample shop with its database, mail server and dashboard, and prints the links.",
        description = {
            "",
            "Everything listens on 127.0.0.1 only, and the dashboard asks nobody to log in. The data stays in --data and is there at the next start; jobs that "
                    + "were waiting, or running when the demo ended in whatever way, are run then.",
            ""
        },
        optionListHeading = "Options:%n",
        footer = {
            "",
            "Ctrl-C stops it cleanly. Logs go to standard error. Exit codes: 0 stopped, 1 failed, 2 wrong usage."
        })
public final class Demo implements Callable<Integer> {
    private static final Duration STOPPING = Duration.ofSeconds(40);

    @Option(
            names = "--port",
            paramLabel = "N",
            defaultValue = "8080",
            description = "The shop's port; the dashboard takes the next one if it is free. 0 picks free ones. "
                    + "Default: ${DEFAULT-VALUE}.")
    private int port;

    @Option(
            names = "--data",
            paramLabel = "DIR",
            defaultValue = ".tidemill/demo",
            description = "Where the data is kept. Default: ${DEFAULT-VALUE}, below the folder you are in.")
    private Path data = Path.of(".tidemill/demo");

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = Span.class,
            description = "Stop by itself after this time: 60s, 5m, 1h.")
    private @Nullable Duration length;

    @Option(names = "--no-traffic", description = "No made-up visitors: the shop is all yours.")
    private boolean quiet;

    @Option(
            names = "--json",
            description = "Print one line of JSON as soon as it serves, and nothing else: url, admin_url, mail_url, "
                    + "data.")
    private boolean json;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            defaultValue = "WARN",
            description = "TRACE, DEBUG, INFO, WARN, ERROR or OFF. Default: ${DEFAULT-VALUE}.")
    private String logLevel = "WARN";

    @Option(names = "--help", usageHelp = true, description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it.
    private boolean help;

    private final PrintWriter out;
    private final CountDownLatch ending = new CountDownLatch(1);

    Demo(PrintWriter out) {
        this.out = out;
    }

    /** Runs the program. */
    public static void main(String[] args) {
        PrintWriter out = new PrintWriter(System.out, true, StandardCharsets.UTF_8);
        System.exit(command(new Demo(out)).setOut(out).execute(args));
    }

    static CommandLine command(Demo program) {
        return new CommandLine(program).setExecutionExceptionHandler((failed, line, parsed) -> {
            if (failed instanceof TidemillException
                    || failed instanceof EmbeddedPostgresException
                    || failed instanceof IllegalArgumentException
                    || failed instanceof IOException) {
                line.getErr().println("tidemill demo: " + failed.getMessage());
                return 1;
            }
            throw failed;
        });
    }

    @Override
    public Integer call() throws Exception {
        if (port < 0 || port > 65_535) {
            throw new IllegalArgumentException("Port " + port + " does not exist: give 0 to 65535.");
        }
        Logging.configure(LogFormat.TEXT, logLevel);
        CountDownLatch closed = new CountDownLatch(1);
        Runtime.getRuntime()
                .addShutdownHook(Thread.ofPlatform().name("demo-stop").unstarted(() -> awaitEnd(closed)));
        try (RunningDemo demo = RunningDemo.start(DemoFolder.at(data), port, !quiet)) {
            announce(demo);
            if (length == null) {
                ending.await();
            } else if (!ending.await(length.toMillis(), TimeUnit.MILLISECONDS) && !json) {
                out.println("The time is over; stopping.");
            }
        } finally {
            closed.countDown();
        }
        return 0;
    }

    private void announce(RunningDemo demo) {
        if (json) {
            Map<String, String> line = new LinkedHashMap<>();
            line.put("url", demo.url());
            line.put("admin_url", demo.adminUrl());
            line.put("mail_url", demo.mailUrl());
            line.put("data", demo.data().toString());
            out.println(new JsonMapper().writeValueAsString(line));
        } else {
            out.printf(
                    """

                      The demo is running.

                        Shop    %s
                        Mail    %s
                        Jobs    %s

                      Sign up in the shop; the code arrives on the mail page, and the jobs page shows who sent it.
                      %s
                      The data is kept in %s. Ctrl-C stops the demo.

                    """,
                    demo.url(),
                    demo.mailUrl(),
                    demo.adminUrl(),
                    quiet
                            ? "Nobody else is here: --no-traffic."
                            : "Made-up visitors are shopping too; --no-traffic keeps them out.",
                    demo.data());
        }
        out.flush();
    }

    /** In the shutdown hook: has the main thread stop everything in order, and waits for it. */
    private void awaitEnd(CountDownLatch closed) {
        ending.countDown();
        try {
            if (!closed.await(STOPPING.toSeconds(), TimeUnit.SECONDS)) {
                LoggerFactory.getLogger(Demo.class).warn("Stopping took too long; some of it was cut short");
            }
        } catch (InterruptedException nobodyInterruptsHooks) {
            Thread.currentThread().interrupt();
        }
    }
}

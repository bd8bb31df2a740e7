package dev.tidemill.chaos;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code tidemill chaos}. */
@Command(
        name = "tidemill chaos",
        mixinStandardHelpOptions = true,
        version = "0.1.0-SNAPSHOT",
        description = {
            "Kills, freezes and cuts off real workers under load, restarts their database, and then tells from the"
                    + " tables what became of every job.",
            "Ends with 0 if each has exactly one outcome and every effect is there once, with 1 if not."
        })
public final class ChaosMain implements Callable<Integer> {
    private static final int BROKEN_OFF = 130;

    @Option(
            names = "--minutes",
            paramLabel = "N",
            defaultValue = "1",
            description = "How long blows fall, 0.1 to 1440 (default: ${DEFAULT-VALUE}). What waits then gets done"
                    + " takes as long again at most, or two minutes if that is more.")
    double minutes;

    @Option(
            names = "--seed",
            paramLabel = "S",
            description = "Repeats the plan and the load of an earlier run with the same --minutes and --workers"
                    + " (default: a new one, printed).")
    @Nullable
    Long seed;

    @Option(
            names = "--workers",
            paramLabel = "N",
            defaultValue = "4",
            description = "Worker processes, 2 to 32 (default: ${DEFAULT-VALUE}).")
    int workers;

    @Option(
            names = "--rate",
            paramLabel = "N",
            defaultValue = "120",
            description = "Jobs enqueued a second, 20 to 5,000 (default: ${DEFAULT-VALUE}).")
    int rate;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to do it on, user and password in the URL's parameters; it is not"
                    + " restarted (default: an embedded one, killed and restarted, thrown away afterwards). A schema"
                    + " of its own is made, and dropped unless a job broke a rule.")
    @Nullable
    String database;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    @Spec
    CommandSpec spec;

    private ChaosMain() {
        this.spec = CommandSpec.create();
    }

    /** Runs the command and exits: 0 when all is well, 1 when a job broke a rule, 2 for bad arguments. */
    public static void main(String[] arguments) {
        AtomicBoolean ending = new AtomicBoolean();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> ending.set(true)));
        Thread.setDefaultUncaughtExceptionHandler((thread, failed) -> {
            if (!ending.get()) {
                failed.printStackTrace();
            }
        });
        CommandLine command = new CommandLine(new ChaosMain());
        command.setExecutionExceptionHandler((failed, line, parsed) -> {
            // On Ctrl-C workers and database go before this thread does; that is no news.
            if (ending.get()) {
                return BROKEN_OFF;
            }
            throw failed;
        });
        System.exit(command.execute(arguments));
    }

    @Override
    public Integer call() {
        require(minutes >= 0.1 && minutes <= 1440, "--minutes is " + minutes + "; it must be between 0.1 and 1440.");
        require(workers >= 2 && workers <= 32, "--workers is " + workers + "; it must be between 2 and 32.");
        require(rate >= 20 && rate <= 5_000, "--rate is " + rate + "; it must be between 20 and 5,000.");
        require(
                database == null || database.startsWith("jdbc:postgresql://"),
                "--database must begin with jdbc:postgresql://host:port/database.");
        long chosen = seed != null ? seed : ThreadLocalRandom.current().nextLong(1_000_000);
        Report report = new Chaos(chosen, Duration.ofMillis((long) (minutes * 60_000)), workers, rate, database)
                .run(System.err);
        if (json) {
            System.out.println(JsonMapper.shared().writeValueAsString(report.asMap()));
        } else {
            report.print(System.out);
        }
        return report.isSound() ? 0 : 1;
    }

    private void require(boolean holds, String otherwise) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), otherwise);
        }
    }
}

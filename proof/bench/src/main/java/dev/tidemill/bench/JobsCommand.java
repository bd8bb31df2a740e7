package dev.tidemill.bench;

import java.io.PrintStream;
import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tidemill bench jobs}. */
@Command(
        name = "jobs",
        mixinStandardHelpOptions = true,
        description = {
            "Measures the engine: enqueue, drain, pick-up, rescue, start, memory.",
            "Takes about four minutes. Run it on an otherwise idle machine.",
            "With one of --held-xmin, --history, --paced and --limits it measures that instead."
        })
final class JobsCommand implements Callable<Integer> {
    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "500000",
            description = "Jobs to enqueue in bulk and drain, 1,000 to 50,000,000 (default: ${DEFAULT-VALUE});"
                    + " twice as many under --held-xmin.")
    int jobs;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to measure on, user and password in the URL's parameters"
                    + " (default: an embedded one, thrown away afterwards). A schema of its own is made and dropped.")
    @Nullable
    String database;

    @Option(
            names = "--dead-entries",
            paramLabel = "N",
            defaultValue = "10000000",
            description = "How many lie at the head under --held-xmin, 10,000 to 100,000,000 (default:"
                    + " ${DEFAULT-VALUE}).")
    int deadEntries;

    @ArgGroup
    @Nullable
    Instead instead;

    /** What is measured instead; one of them. */
    static final class Instead {
        @Option(
                names = "--held-xmin",
                description = "What an old snapshot costs: throughput and pick-up with ten million dead entries at the"
                        + " head that no vacuum may remove, beside the same without. Takes about five minutes.")
        boolean heldXmin;

        @Option(
                names = "--history",
                paramLabel = "N",
                description =
                        "What history costs: N finished jobs, 100,000 to 15,000,000, and a tenth as many that wait,"
                                + " beside an empty database. Ten million take about eight minutes.")
        @Nullable
        Integer history;

        @ArgGroup(exclusive = false)
        @Nullable
        Soak soak;

        @Option(
                names = "--limits",
                description = "What limits cost: a thousand keys, with and without a limit for each, and plain jobs"
                        + " beside them. Takes about five minutes.")
        boolean limits;
    }

    /** A long run at a pace. */
    static final class Soak {
        @Option(
                names = "--paced",
                required = true,
                paramLabel = "N",
                description = "A long run: so many jobs a second, 10 to 20,000.")
        int perSecond;

        @Option(
                names = "--for",
                paramLabel = "TIME",
                defaultValue = "30m",
                converter = Lengths.class,
                description = "How long, such as 30m, 90s or 2h, 30 s to 24 h (default: ${DEFAULT-VALUE}).")
        Duration length = Duration.ofMinutes(30);
    }

    /** Reads 90s, 30m and 2h. */
    static final class Lengths implements CommandLine.ITypeConverter<Duration> {
        @Override
        public Duration convert(String text) {
            try {
                return Duration.parse("PT" + text);
            } catch (DateTimeParseException unreadable) {
                throw new CommandLine.TypeConversionException(
                        "'" + text + "' is no time; give one such as 30m, 90s or 2h.");
            }
        }
    }

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    @Spec
    CommandSpec spec;

    JobsCommand() {
        this.spec = CommandSpec.create();
    }

    @Override
    public Integer call() {
        within("--jobs", jobs, 1_000, 50_000_000);
        within("--dead-entries", deadEntries, 10_000, 100_000_000);
        if (instead != null && instead.history != null) {
            within("--history", instead.history, 100_000, 15_000_000);
        }
        if (instead != null && instead.soak != null) {
            within("--paced", instead.soak.perSecond, 10, 20_000);
            within("--for, in seconds,", instead.soak.length.toSeconds(), 30, 86_400);
        }
        PrintStream progress = System.err;
        try (Target target = Target.open(database);
                Rig rig = new Rig(target, progress)) {
            Figures figures = measure(rig);
            if (json) {
                System.out.println(figures.json());
            } else {
                figures.print(System.out);
            }
            return figures.isSound() ? 0 : 1;
        }
    }

    private Figures measure(Rig rig) {
        if (instead == null) {
            return new JobsBench(rig, jobs).run();
        }
        if (instead.heldXmin) {
            return new HeldXminBench(rig, jobs, deadEntries).run();
        }
        if (instead.limits) {
            return new LimitsBench(rig, jobs).run();
        }
        if (instead.soak != null) {
            return new SoakBench(rig, instead.soak.perSecond, instead.soak.length).run();
        }
        return new HistoryBench(rig, Objects.requireNonNull(instead.history)).run();
    }

    private void within(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new ParameterException(
                    spec.commandLine(),
                    String.format(
                            Locale.ROOT, "%s is %,d; it must be between %,d and %,d.", option, value, least, most));
        }
    }
}

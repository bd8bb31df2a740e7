package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Selection;
import dev.tidemill.cli.options.Span;
import dev.tidemill.cli.options.Steering;
import dev.tidemill.cli.options.Time;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobActions;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill jobs reschedule}. */
@Command(name = "reschedule", header = "Has waiting jobs become due at another time, or now.")
final class RescheduleJobs implements Callable<Integer> {
    @Mixin
    private Selection jobs = new Selection();

    @ArgGroup(multiplicity = "1")
    private When when = new When();

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    /** One of these. */
    static final class When {
        @Option(
                names = "--at",
                paramLabel = "TIME",
                converter = Time.class,
                description = "At this time, such as 2030-01-31T09:00:00Z.")
        private @Nullable Instant at;

        @Option(
                names = "--in",
                paramLabel = "TIME",
                converter = Span.class,
                description = "So long from now, such as 90s, 10m, 2h; for jobs that are named.")
        private @Nullable Duration in;

        @Option(names = "--now", description = "Now.")
        @SuppressWarnings("UnusedVariable") // What is left when the others are not given.
        private boolean now;
    }

    @Override
    public Integer call() {
        boolean filtered = jobs.isFilter(output);
        Instant at = when.at;
        Duration in = when.in;
        if (filtered && in != null) {
            throw output.wrong("--in is for jobs that are named; give --at or --now.");
        }
        if (filtered) {
            return jobs.act(database, new JobAction.Reschedule(at), asker.by(), output, "rescheduled", "due then");
        }
        try (Connected to = database.open(output)) {
            JobActions actions = to.mill().actions();
            return Steering.steer(
                    jobs.ids(),
                    id -> in != null
                            ? actions.postpone(id, in, asker.by())
                            : at != null ? actions.reschedule(id, at, asker.by()) : actions.runNow(id, asker.by()),
                    output);
        }
    }
}

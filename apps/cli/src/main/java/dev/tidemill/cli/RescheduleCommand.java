package dev.tidemill.cli;

import dev.tidemill.jobs.HandMill;
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
import picocli.CommandLine.ParameterException;

/** {@code tidemill reschedule}. */
@Command(
        name = "reschedule",
        sortOptions = false,
        header = "Has waiting jobs become due at another time, or now; no server has to be up.",
        description = {"", "Exit codes: 0 done, 1 some of those named do not wait, 2 it could not.", ""},
        optionListHeading = "Options:%n")
final class RescheduleCommand implements Callable<Integer> {
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
        @Option(names = "--at", paramLabel = "TIME", description = "At this time, such as 2030-01-31T09:00:00Z.")
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
            throw new ParameterException(
                    output.spec().commandLine(), "--in is for jobs that are named; give --at or --now.");
        }
        try (HandMill mill = database.open("reschedule")) {
            JobActions actions = mill.tidemill().actions();
            if (filtered) {
                return jobs.act(
                        mill.tidemill(), new JobAction.Reschedule(at), asker.by(), output, "rescheduled", "due then");
            }
            return Steering.steer(
                    jobs.ids(),
                    id -> in != null
                            ? actions.postpone(id, in, asker.by())
                            : at != null ? actions.reschedule(id, at, asker.by()) : actions.runNow(id, asker.by()),
                    output);
        }
    }
}

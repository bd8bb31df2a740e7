package dev.tidemill.cli.control;

import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Place;
import dev.tidemill.cli.options.Span;
import dev.tidemill.cli.options.Time;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.jobs.Timing;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.time.Instant;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill schedules put}. */
@Command(
        name = "put",
        header = "Makes a schedule, or gives one that is there a new definition.",
        description = {
            "",
            "That keeps its history and its pause, and where the timing stays the same also its next fire. What is not"
                    + " given has its default, also where the schedule had something else."
        })
final class PutSchedule implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "The schedule.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "KIND", description = "The kind of its jobs.")
    private String kind = "";

    @Parameters(index = "2", arity = "0..1", paramLabel = "PAYLOAD", description = "Their payload, JSON. Default: {}.")
    private String payload = "{}";

    @ArgGroup(multiplicity = "1")
    private When when = new When();

    @Option(
            names = "--zone",
            paramLabel = "ZONE",
            defaultValue = "UTC",
            description = "Whose local times --cron means, such as Europe/Berlin. Default: ${DEFAULT-VALUE}.")
    private String zone = "UTC";

    @Option(
            names = "--catch-up",
            paramLabel = "POLICY",
            defaultValue = "LAST",
            description = "Of fires that nobody was there for: NONE, LAST, ALL or a number. Default: ${DEFAULT-VALUE}.")
    private String catchUp = "LAST";

    @Option(
            names = "--overlap",
            paramLabel = "POLICY",
            defaultValue = "SKIP",
            description = "While the last job is unfinished: SKIP, QUEUE or ALLOW. Default: ${DEFAULT-VALUE}.")
    private String overlap = "SKIP";

    @Option(names = "--key", paramLabel = "KEY", description = "What limits and fairness know its jobs by.")
    private @Nullable String key;

    @Mixin
    private Place place = new Place();

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    /** One of these. */
    static final class When {
        @Option(names = "--cron", paramLabel = "FIELDS", description = "By a cron expression: '30 2 * * *'.")
        private @Nullable String cron;

        @Option(
                names = "--every",
                paramLabel = "TIME",
                converter = Span.class,
                description = "At a fixed rate: 30s, 5m, 1h, 1d.")
        private @Nullable Duration every;

        @Option(
                names = "--after-each",
                paramLabel = "TIME",
                converter = Span.class,
                description = "So long after the last job has ended.")
        private @Nullable Duration after;

        @Option(
                names = "--at",
                paramLabel = "TIME",
                converter = Time.class,
                description = "Once: 2030-01-31T09:00:00Z.")
        private @Nullable Instant at;
    }

    @Override
    public Integer call() {
        Timing timing = timing();
        EnqueueOptions job = key == null ? place.options() : place.options().key(key);
        ScheduleOptions options = new ScheduleOptions(CatchUp.parse(catchUp), Overlap.parse(overlap), job);
        try (Connected to = database.open(output)) {
            ScheduleView put =
                    to.mill().schedules().by(asker.by()).put(name, timing, new JobRequest(kind, payload), options);
            if (output.isJson()) {
                output.json(ScheduleTexts.json(put));
            } else {
                output.say("Schedule " + put.name() + " fires "
                        + (put.paused() ? "when it is resumed." : "next at " + Plain.time(put.nextFireAt()) + "."));
            }
            return ExitCode.DONE;
        }
    }

    private Timing timing() {
        if (when.cron != null) {
            return Timing.cron(when.cron, zone);
        }
        if (when.every != null) {
            return Timing.every(when.every);
        }
        return when.after != null ? Timing.afterEach(when.after) : Timing.once(Objects.requireNonNull(when.at));
    }
}

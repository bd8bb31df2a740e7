package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Pace;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.Tail;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.program.ExitCode;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill jobs tail}. */
@Command(
        name = "tail",
        header = "Follows attempts as they end, or one job until it is through.",
        description = {
            "",
            "Without an ID: what ends from now on, in the whole schema or of a kind or queue. With one: the attempts of"
                    + " that job and what its handlers log, until it succeeds (exit code 0) or has ended otherwise (1)."
                    + " With --json a line each."
        })
final class TailJobs implements Callable<Integer> {
    private static final int LOG_LINES = 1_000;

    @Parameters(paramLabel = "ID", arity = "0..1", description = "One job.")
    private @Nullable Long id;

    @Option(names = "--kind", paramLabel = "KIND", description = "Only attempts of this kind.")
    private @Nullable String kind;

    @Option(names = "--queue", paramLabel = "QUEUE", description = "Only attempts on this queue.")
    private @Nullable String queue;

    @Option(names = "--failed", description = "Only attempts that failed, timed out or were lost.")
    private boolean failed;

    @Mixin
    private Pace pace = new Pace();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        Long job = id;
        if (job != null && (kind != null || queue != null || failed)) {
            throw output.wrong("One job is followed whole; leave out --kind, --queue and --failed.");
        }
        try (Connected to = database.openForLong(output)) {
            if (job != null) {
                return new OneJob(to.mill(), job).follow();
            }
            Tail tail = to.mill().tail();
            pace.run(output, () -> {
                tail.next().stream().filter(this::isWanted).forEach(this::print);
                output.text().flush();
                return true;
            });
            return ExitCode.DONE;
        }
    }

    private boolean isWanted(AttemptView attempt) {
        return (kind == null || kind.equals(attempt.kind()))
                && (queue == null || queue.equals(attempt.queue()))
                && (!failed
                        || switch (attempt.outcome()) {
                            case FAILED, TIMED_OUT, LOST -> true;
                            case SUCCEEDED, SNOOZED, RELEASED, CANCELLED -> false;
                        });
    }

    private void print(AttemptView attempt) {
        if (output.isJson()) {
            output.json(JobTexts.attempt(attempt));
            return;
        }
        AttemptOutcome outcome = attempt.outcome();
        String line = Plain.time(attempt.startedAt().plus(attempt.took()))
                + "  " + output.in(JobTexts.style(outcome), String.format("%-9s", outcome))
                + "  " + attempt.kind() + " " + attempt.jobId()
                + " on " + attempt.queue()
                + ", attempt " + attempt.attempt()
                + ", took " + Plain.span(attempt.took())
                + ", " + attempt.node();
        output.say(attempt.error() == null ? line : line + ": " + Plain.line(JobTexts.firstLine(attempt.error())));
    }

    /** A line of a handler's log. */
    static String text(LogLine line) {
        return Plain.time(line.at()) + "  " + line.level() + "  " + Plain.line(line.text());
    }

    /** Follows one job. */
    private final class OneJob {
        private final Tidemill mill;
        private final long job;
        private final Set<LogLine> printed = new HashSet<>();
        private int attempts;
        private @Nullable JobState state;

        OneJob(Tidemill mill, long job) {
            this.mill = mill;
            this.job = job;
        }

        int follow() {
            pace.run(output, this::look);
            return state == JobState.SUCCEEDED ? ExitCode.DONE : ExitCode.NO;
        }

        private boolean look() {
            // The job first: what was logged before it ended is then there.
            Optional<JobView> found = mill.job(job);
            if (found.isEmpty()) {
                output.err().println("There is no job " + job + ".");
                return false;
            }
            JobView view = found.get();
            for (LogLine line : mill.log(job, LOG_LINES)) {
                if (printed.add(line)) {
                    if (output.isJson()) {
                        output.json(JobTexts.line(line));
                    } else {
                        output.say(output.in(Style.FAINT, text(line)));
                    }
                }
            }
            view.attempts().stream()
                    .filter(attempt -> attempt.attempt() > attempts)
                    .forEach(TailJobs.this::print);
            attempts = view.attempts().stream()
                    .mapToInt(AttemptView::attempt)
                    .max()
                    .orElse(attempts);
            boolean changed = view.state() != state;
            state = view.state();
            if (changed && !output.isJson()) {
                output.say("Job " + job + " is " + output.in(JobTexts.style(state), state.name()));
            }
            output.text().flush();
            return switch (view.state()) {
                case READY, SCHEDULED, RUNNING -> true;
                case SUCCEEDED, DEAD, DISCARDED, CANCELLED -> false;
            };
        }
    }
}

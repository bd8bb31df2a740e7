package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.LogLine;
import dev.tidemill.jobs.Progress;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill jobs show}. */
@Command(
        name = "show",
        header = "Shows a job: its payload, its latest 100 attempts with their errors, and what its handlers logged.")
final class ShowJob implements Callable<Integer> {
    private static final int FIRST_LINES = 12;

    @Parameters(paramLabel = "ID", description = "The job.")
    private long id;

    @Option(
            names = "--log",
            paramLabel = "N",
            defaultValue = "20",
            description = "The newest lines that its handlers logged, 0 to 1000. Default: ${DEFAULT-VALUE}.")
    private int lines;

    @Option(names = "--full", description = "Errors and results whole, not only their first twelve lines.")
    private boolean full;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (lines < 0 || lines > 1000) {
            throw output.wrong("--log is " + lines + "; it must be between 0 and 1000.");
        }
        try (Connected to = database.open(output)) {
            Optional<JobView> found = to.mill().job(id);
            List<LogLine> log = found.isPresent() && lines > 0 ? to.mill().log(id, lines) : List.of();
            if (output.isJson()) {
                output.json(found.map(job -> JobTexts.job(job)
                                .with("log", log.stream().map(JobTexts::line).toList()))
                        .orElseGet(() -> new JsonObject().with("id", id).with("code", "NOT_FOUND")));
            } else if (found.isPresent()) {
                print(found.get(), log);
            } else {
                output.say("There is no job " + id + ".");
            }
            return found.isPresent() ? ExitCode.DONE : ExitCode.NO;
        }
    }

    private void print(JobView job, List<LogLine> log) {
        output.say("Job " + job.id() + " is "
                + output.in(JobTexts.style(job.state()), job.state().name()));
        fact("kind", job.kind());
        fact("queue", job.queue() + ", " + job.priority());
        fact("created", Plain.time(job.createdAt()));
        fact("due", job.dueAt() == null ? null : Plain.time(job.dueAt()));
        fact("key", job.key());
        fact("unique", job.uniqueKey());
        new TreeMap<>(job.tags()).forEach((name, value) -> fact("tag", name + ":" + value));
        fact("progress", progress(job.progress()));
        fact("payload", job.payload());
        if (!job.attempts().isEmpty()) {
            output.say("");
            attempts(job.attempts());
        }
        for (AttemptView attempt : job.attempts()) {
            if (attempt.error() != null) {
                block("Attempt " + attempt.attempt() + " failed with", attempt.error());
            }
            if (attempt.result() != null) {
                block("Attempt " + attempt.attempt() + " resulted in", attempt.result());
            }
        }
        if (!log.isEmpty()) {
            output.say("");
            output.say(output.in(Style.STRONG, "Log"));
            log.forEach(line -> output.say("  " + TailJobs.text(line)));
        }
    }

    private void fact(String name, @Nullable String value) {
        if (value != null) {
            output.say("  " + output.in(Style.FAINT, String.format("%-9s", name)) + " " + Plain.line(value));
        }
    }

    private static @Nullable String progress(@Nullable Progress progress) {
        if (progress == null) {
            return null;
        }
        return Plain.number(progress.done())
                + (progress.total() == 0 ? "" : " of " + Plain.number(progress.total()))
                + (progress.message() == null ? "" : ", " + progress.message()) + " (" + Plain.time(progress.at())
                + ")";
    }

    private void attempts(List<AttemptView> attempts) {
        Table table = new Table(
                Column.number("ATTEMPT"),
                Column.text("OUTCOME"),
                Column.text("STARTED"),
                Column.number("TOOK"),
                Column.number("LATE"),
                Column.text("NODE"));
        for (AttemptView attempt : attempts) {
            table.row(
                    attempt.attempt(),
                    Table.cell(
                            JobTexts.style(attempt.outcome()), attempt.outcome().name()),
                    Plain.time(attempt.startedAt()),
                    Plain.span(attempt.took()),
                    attempt.late().isPositive() ? Plain.span(attempt.late()) : "in time",
                    attempt.node());
        }
        output.table(table, "");
    }

    private void block(String heading, String text) {
        output.say("");
        output.say(output.in(Style.STRONG, heading));
        List<String> all = Plain.block(text).lines().toList();
        int shown = full ? all.size() : Math.min(all.size(), FIRST_LINES);
        all.subList(0, shown).forEach(line -> output.say("  " + line));
        if (shown < all.size()) {
            output.say(output.in(Style.FAINT, "  .. " + (all.size() - shown) + " more lines; --full shows them"));
        }
    }
}

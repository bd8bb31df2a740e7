package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Common;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.options.Span;
import dev.tidemill.cli.terminal.Bar;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobPage;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill jobs list}. */
@Command(
        name = "list",
        header = "Lists the jobs for which everything holds that is given.",
        description = {
            "",
            "Ready jobs come in the order in which their queue hands them out, dead letters the latest first, all others the"
                    + " newest first. A search that finds little goes through much: it goes on until --limit jobs are found,"
                    + " all was looked at, or --within is over, and says how to go on."
        })
final class ListJobs implements Callable<Integer> {
    private static final Duration LONGEST = Duration.ofHours(1);

    @Option(
            names = "--state",
            paramLabel = "STATE",
            description = "READY, SCHEDULED, RUNNING, SUCCEEDED, DEAD, DISCARDED or CANCELLED.")
    private @Nullable JobState state;

    @Mixin
    private Common common = new Common();

    @Option(names = "--error", paramLabel = "TEXT", description = "Those with this text in an error.")
    private @Nullable String error;

    @Mixin
    private PageLength length = new PageLength(50);

    @Option(names = "--cursor", paramLabel = "CURSOR", description = "Go on where a list of the same filter ended.")
    private @Nullable String cursor;

    @Option(
            names = "--within",
            paramLabel = "TIME",
            converter = Span.class,
            defaultValue = "10s",
            description = "How long to look for, 0s to 1h. Default: ${DEFAULT-VALUE}.")
    private Duration within = Duration.ofSeconds(10);

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    /** What was found, and where to go on. */
    private record Found(
            List<JobView> jobs,
            @Nullable String next,
            long examined,
            @Nullable Instant searchedTo) {}

    @Override
    public Integer call() {
        int limit = length.checked(output);
        if (within.isNegative() || within.compareTo(LONGEST) > 0) {
            throw output.wrong("--within is " + within + "; it must be between 0s and 1h.");
        }
        JobFilter filter = common.filter(state, error);
        try (Connected to = database.openForLong(output);
                Bar bar = output.bar("rows looked at", 0)) {
            Found found = search(to.mill(), filter, limit, bar);
            bar.clear();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("jobs", found.jobs().stream().map(JobTexts::job).toList())
                        .with("next", found.next())
                        .with("examined", found.examined())
                        .with("searched_to", found.searchedTo()));
            } else {
                print(found);
            }
            return ExitCode.DONE;
        }
    }

    /** A page of a search ends early where little fits. */
    private Found search(Tidemill mill, JobFilter filter, int limit, Bar bar) {
        List<JobView> jobs = new ArrayList<>();
        String next = cursor;
        long examined = 0;
        long until = System.nanoTime() + within.toNanos();
        while (true) {
            JobPage page = mill.search(filter, next, limit - jobs.size());
            jobs.addAll(page.jobs());
            next = page.next();
            examined += page.examined();
            bar.at(examined);
            if (next == null || jobs.size() >= limit || System.nanoTime() - until > 0) {
                return new Found(jobs, next, examined, page.searchedTo());
            }
        }
    }

    private void print(Found found) {
        Table table = new Table(
                Column.number("ID"),
                Column.text("STATE"),
                Column.text("KIND"),
                Column.text("QUEUE"),
                Column.text("PRIORITY"),
                Column.text("ENQUEUED"),
                Column.number("ATTEMPTS"),
                Column.elastic("LAST ERROR"));
        for (JobView job : found.jobs()) {
            table.row(
                    Long.toString(job.id()),
                    Table.cell(JobTexts.style(job.state()), job.state().name()),
                    job.kind(),
                    job.queue(),
                    job.priority().name(),
                    Plain.time(job.createdAt()),
                    job.attempts().size(),
                    lastError(job));
        }
        output.table(table, found.next() == null ? "No job fits." : "None found so far.");
        String next = found.next();
        if (next != null) {
            output.say("There may be more"
                    + (found.searchedTo() == null
                            ? ""
                            : ", enqueued at " + Plain.time(found.searchedTo()) + " or around")
                    + ": --cursor " + next + " goes on.");
        }
    }

    private static String lastError(JobView job) {
        List<AttemptView> attempts = job.attempts();
        return attempts.isEmpty() ? "" : JobTexts.firstLine(attempts.getLast().error());
    }
}

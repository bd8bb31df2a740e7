package dev.tidemill.cli.control;

import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.FireView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.jobs.Schedules;
import dev.tidemill.server.program.ExitCode;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill schedules show}. */
@Command(name = "show", header = "Shows a schedule, its next fires, and what became of the last ones.")
final class ShowSchedule implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The schedule.")
    private String name = "";

    @Option(
            names = "--next",
            paramLabel = "N",
            defaultValue = "5",
            description = "How many fires to come, 1 to 1000. Default: ${DEFAULT-VALUE}.")
    private int next;

    @Option(
            names = "--history",
            paramLabel = "N",
            defaultValue = "20",
            description = "How many fires that were, 1 to 1000. Default: ${DEFAULT-VALUE}.")
    private int history;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            Schedules schedules = to.mill().schedules();
            ScheduleView schedule = schedules.get(name);
            List<Instant> times = schedules.next(name, next);
            List<FireView> fires = schedules.history(name, history);
            if (output.isJson()) {
                output.json(ScheduleTexts.json(schedule)
                        .with("next_fires", times)
                        .with("history", fires.stream().map(ScheduleTexts::json).toList()));
            } else {
                print(schedule, times, fires);
            }
            return ExitCode.DONE;
        }
    }

    private void print(ScheduleView schedule, List<Instant> times, List<FireView> fires) {
        output.say("Schedule " + schedule.name() + " is "
                + (schedule.paused() ? output.in(Style.WARN, "paused") : output.in(Style.GOOD, "on")));
        fact("timing", schedule.timing().toString());
        fact("enqueues", schedule.kind() + " on " + schedule.queue() + ", " + schedule.priority());
        fact("key", schedule.key());
        fact("payload", schedule.payload());
        fact("catch-up", schedule.catchUp().toString());
        fact("overlap", schedule.overlap().name());
        fact("from", schedule.inCode() ? "code" + (schedule.edited() ? ", edited since" : "") : "run time");
        fact("error", schedule.error());
        fact("next", times.isEmpty() ? "none" : Plain.time(times.getFirst()));
        times.stream().skip(1).forEach(time -> fact("", Plain.time(time)));
        Table table = new Table(
                Column.text("FIRED"),
                Column.text("OUTCOME"),
                Column.text("BY HAND"),
                Column.number("JOB"),
                Column.text("JOB IS"));
        for (FireView fire : fires) {
            JobState state = fire.jobState();
            table.row(
                    Plain.time(fire.fireAt()),
                    fire.outcome().name(),
                    fire.manual() ? "yes" : "",
                    fire.jobId() == null ? "" : Long.toString(fire.jobId()),
                    state == null ? "" : state.name());
        }
        output.say("");
        output.table(table, "It has not fired yet.");
    }

    private void fact(String what, @Nullable String value) {
        if (value != null) {
            output.say("  " + output.in(Style.FAINT, String.format("%-9s", what)) + " " + Plain.line(value));
        }
    }
}

package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill schedules list}. */
@Command(name = "list", header = "Lists the schedules by name, with when they fire next.")
final class ListSchedules implements Callable<Integer> {
    @Mixin
    private PageLength length = new PageLength(100);

    @Option(names = "--after", paramLabel = "NAME", defaultValue = "", description = "Go on after this one.")
    private String after = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        int limit = length.checked(output);
        try (Connected to = database.open(output)) {
            List<ScheduleView> schedules = to.mill().schedules().list(after, limit);
            String next = schedules.size() == limit ? schedules.getLast().name() : null;
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with(
                                "schedules",
                                schedules.stream().map(ScheduleTexts::json).toList())
                        .with("next_after", next));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.text("NAME"),
                    Column.text("TIMING"),
                    Column.text("KIND"),
                    Column.text("STATE"),
                    Column.text("NEXT"),
                    Column.text("LAST"),
                    Column.elastic("ERROR"));
            for (ScheduleView schedule : schedules) {
                String error = schedule.error();
                table.row(
                        schedule.name(),
                        schedule.timing().toString(),
                        schedule.kind(),
                        error != null
                                ? Table.cell(Style.BAD, "failing")
                                : schedule.paused() ? Table.cell(Style.WARN, "paused") : "on",
                        Plain.time(schedule.nextFireAt()),
                        Plain.time(schedule.lastFireAt()),
                        error == null ? "" : error);
            }
            output.table(table, "No schedules.");
            if (next != null) {
                output.say("There may be more: --after " + next + " goes on.");
            }
            return ExitCode.DONE;
        }
    }
}

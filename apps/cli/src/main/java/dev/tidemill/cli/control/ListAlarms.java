package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.FailureAlarms.OfKind;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill alarms list}. */
@Command(
        name = "list",
        header = "Lists the kinds that have an alarm of their own, by name.",
        description = {"", "Which kinds do fail too often is among what stats shows."})
final class ListAlarms implements Callable<Integer> {
    @Mixin
    private PageLength length = new PageLength(50);

    @Option(names = "--after", paramLabel = "KIND", defaultValue = "", description = "Go on after this one.")
    private String after = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        int limit = length.checked(output);
        try (Connected to = database.open(output)) {
            List<OfKind> alarms = to.mill().alarms().list(after, limit);
            String next = alarms.size() < limit ? null : alarms.getLast().kind();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("standard", json(new JsonObject(), FailureAlarm.STANDARD))
                        .with(
                                "alarms",
                                alarms.stream()
                                        .map(each -> json(new JsonObject().with("kind", each.kind()), each.alarm()))
                                        .toList())
                        .with("next_after", next));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.text("KIND"), Column.number("RATIO"), Column.number("AT LEAST"), Column.number("MINUTES"));
            for (OfKind each : alarms) {
                FailureAlarm alarm = each.alarm();
                table.row(each.kind(), Double.toString(alarm.ratio()), alarm.atLeast(), alarm.minutes());
            }
            output.table(table, "No kind has an alarm of its own.");
            if (next != null) {
                output.say("There may be more: --after " + next + " goes on.");
            }
            return ExitCode.DONE;
        }
    }

    private static JsonObject json(JsonObject json, FailureAlarm alarm) {
        return json.with("ratio", alarm.ratio())
                .with("at_least", alarm.atLeast())
                .with("minutes", alarm.minutes());
    }
}

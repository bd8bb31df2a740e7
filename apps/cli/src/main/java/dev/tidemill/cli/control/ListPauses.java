package dev.tidemill.cli.control;

import dev.tidemill.cli.json.ControlJson;
import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.Pause;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill pauses}. */
@Command(name = "pauses", header = "Lists what is paused, since when, by whom and why.")
final class ListPauses implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            List<Pause> pauses = to.mill().pauses().paused();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("pauses", pauses.stream().map(ControlJson::pause).toList()));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.text("SCOPE"),
                    Column.text("NAME"),
                    Column.text("SINCE"),
                    Column.text("BY"),
                    Column.elastic("REASON"));
            pauses.forEach(pause -> table.row(
                    pause.scope().name(), pause.name(), Plain.time(pause.since()), pause.by(), pause.reason()));
            output.table(table, "Nothing is paused.");
            return ExitCode.DONE;
        }
    }
}

package dev.tidemill.cli.control;

import dev.tidemill.cli.json.ControlJson;
import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.BreakerView;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill breakers list}. */
@Command(name = "list", header = "Lists the circuit breakers of what jobs depend on.")
final class ListBreakers implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            List<BreakerView> breakers = to.mill().breakers().list();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with(
                                "breakers",
                                breakers.stream().map(ControlJson::breaker).toList()));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.text("NAME"),
                    Column.text("STATE"),
                    Column.text("SINCE"),
                    Column.text("NEXT PROBE"),
                    Column.number("FAILURES IN ROW"),
                    Column.elastic("KINDS"),
                    Column.elastic("LAST ERROR"));
            for (BreakerView view : breakers) {
                String error = view.lastError();
                table.row(
                        view.breaker().name(),
                        Table.cell(style(view.state()), view.state() + (view.byHand() ? " by hand" : "")),
                        Plain.time(view.since()),
                        Plain.time(view.nextProbe()),
                        view.failuresInRow(),
                        String.join(", ", view.kinds()),
                        error == null ? "" : error);
            }
            output.table(table, "No breakers.");
            return ExitCode.DONE;
        }
    }

    private static Style style(BreakerView.State state) {
        return switch (state) {
            case CLOSED -> Style.GOOD;
            case OPEN -> Style.BAD;
            case HALF_OPEN -> Style.WARN;
        };
    }
}

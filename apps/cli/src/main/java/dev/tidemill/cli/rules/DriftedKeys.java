package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.ExitCode;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.rules.Rule.Drift;
import dev.tidemill.rules.Rules;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill rules drift}. */
@Command(name = "drift", header = "Lists the keys that sweeps found not as they should be, the latest first, and why.")
final class DriftedKeys implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The rule.")
    private String name = "";

    @Mixin
    private PageLength length = new PageLength(50);

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        int limit = length.checked(output);
        try (Connected to = database.open(output);
                Rules rules = Rules.on(to.mill())) {
            List<Drift> found = rules.rule(name).drift(limit);
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("drift", found.stream().map(DriftedKeys::json).toList()));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.elastic("KEY"), Column.text("FOUND"), Column.text("CAUSE"), Column.text("REPAIRED"));
            for (Drift one : found) {
                table.row(one.key(), Plain.time(one.found()), one.cause().name(), one.repaired() ? "yes" : "no");
            }
            output.table(table, "No drift.");
            return ExitCode.DONE;
        }
    }

    private static JsonObject json(Drift one) {
        return new JsonObject()
                .with("key", one.key())
                .with("found", one.found())
                .with("cause", one.cause())
                .with("repaired", one.repaired());
    }
}

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
import dev.tidemill.rules.Rule.ParkedKey;
import dev.tidemill.rules.Rules;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill rules parked}. */
@Command(name = "parked", header = "Lists the keys whose reaction failed, the longest first.")
final class ParkedKeys implements Callable<Integer> {
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
            List<ParkedKey> keys = rules.rule(name).parked(limit);
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("parked", keys.stream().map(ParkedKeys::json).toList()));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.elastic("KEY"), Column.text("SINCE"), Column.text("JOB"), Column.elastic("LAST ERROR"));
            for (ParkedKey key : keys) {
                String error = key.error();
                table.row(
                        key.key(),
                        Plain.time(key.since()),
                        key.job().map(String::valueOf).orElse(""),
                        error == null ? "" : error);
            }
            output.table(table, "No parked keys.");
            return ExitCode.DONE;
        }
    }

    private static JsonObject json(ParkedKey key) {
        JsonObject json = new JsonObject()
                .with("key", key.key())
                .with("since", key.since())
                .with("circle", key.circle())
                .withAny("error", key.error());
        key.job().ifPresent(job -> json.with("job", job));
        return json;
    }
}

package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.rules.Rule;
import dev.tidemill.rules.Rule.ParkedKey;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code tidemill rules parked}. */
@Command(name = "parked", header = "Lists the keys whose reaction failed, the longest first.")
final class ParkedKeys extends RuleList<ParkedKey> {
    ParkedKeys() {
        super("parked", "No parked keys.");
    }

    @Override
    List<ParkedKey> found(Rule rule, int limit) {
        return rule.parked(limit);
    }

    @Override
    Table columns() {
        return new Table(Column.elastic("KEY"), Column.text("SINCE"), Column.text("JOB"), Column.elastic("LAST ERROR"));
    }

    @Override
    void row(Table table, ParkedKey key) {
        String error = key.error();
        table.row(
                key.key(),
                Plain.time(key.since()),
                key.job().map(String::valueOf).orElse(""),
                error == null ? "" : error);
    }

    @Override
    JsonObject json(ParkedKey key) {
        JsonObject json = new JsonObject()
                .with("key", key.key())
                .with("since", key.since())
                .with("circle", key.circle())
                .withAny("error", key.error());
        key.job().ifPresent(job -> json.with("job", job));
        return json;
    }
}

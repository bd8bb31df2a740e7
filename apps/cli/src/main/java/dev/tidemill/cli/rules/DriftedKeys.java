package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.rules.Rule;
import dev.tidemill.rules.Rule.Drift;
import java.util.List;
import picocli.CommandLine.Command;

/** {@code tidemill rules drift}. */
@Command(name = "drift", header = "Lists the keys that sweeps found not as they should be, the latest first, and why.")
final class DriftedKeys extends RuleList<Drift> {
    DriftedKeys() {
        super("drift", "No drift.");
    }

    @Override
    List<Drift> found(Rule rule, int limit) {
        return rule.drift(limit);
    }

    @Override
    Table columns() {
        return new Table(Column.elastic("KEY"), Column.text("FOUND"), Column.text("CAUSE"), Column.text("REPAIRED"));
    }

    @Override
    void row(Table table, Drift one) {
        table.row(one.key(), Plain.time(one.found()), one.cause().name(), one.repaired() ? "yes" : "no");
    }

    @Override
    JsonObject json(Drift one) {
        return new JsonObject()
                .with("key", one.key())
                .with("found", one.found())
                .with("cause", one.cause())
                .with("repaired", one.repaired());
    }
}

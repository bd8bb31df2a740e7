package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.rules.RuleState;
import dev.tidemill.rules.RuleStatus;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill rules status}. */
@Command(
        name = "status",
        header = "Shows how rules on data changes are.",
        description = {
            "",
            "LAG is from the write to the commit of its effect. What is counted is of the last fifteen minutes. The exit code"
                    + " is 1 if a rule is broken or has parked keys."
        })
final class RuleStates implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output);
                Rules rules = Rules.on(to.mill())) {
            List<RuleStatus> all = rules.status();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("rules", all.stream().map(RuleStates::json).toList()));
            } else {
                show(all);
            }
            return all.stream().anyMatch(rule -> rule.state() == RuleState.BROKEN || rule.parked() > 0)
                    ? ExitCode.NO
                    : ExitCode.DONE;
        }
    }

    private void show(List<RuleStatus> all) {
        Table table = new Table(
                Column.text("NAME"),
                Column.text("STATE"),
                Column.text("TABLE"),
                Column.number("PENDING"),
                Column.number("PARKED"),
                Column.number("LAG P50"),
                Column.number("LAG P99"),
                Column.number("CHANGES"),
                Column.number("COALESCED"),
                Column.number("SKIPPED"),
                Column.number("FAILURES"),
                Column.text("SWEEP"));
        for (RuleStatus rule : all) {
            table.row(
                    rule.name(),
                    Table.cell(style(rule.state()), rule.state().name()),
                    rule.table(),
                    rule.pending(),
                    Table.cell(rule.parked() > 0 ? Style.BAD : Style.PLAIN, Plain.number(rule.parked())),
                    millis(rule.lag().p50()),
                    millis(rule.lag().p99()),
                    rule.changes(),
                    rule.coalesced(),
                    rule.skipped(),
                    rule.failures(),
                    rule.sweep()
                            .map(sweep -> sweep.found() + " found, " + sweep.repaired() + " repaired")
                            .orElse(""));
        }
        output.table(table, "No rules.");
        for (RuleStatus rule : all) {
            String reason = rule.reason();
            if (reason != null) {
                output.say(rule.name() + ": " + Plain.line(reason));
            }
        }
    }

    private static String millis(Optional<Duration> lag) {
        return lag.map(time -> Plain.number(time.toMillis()) + " ms").orElse("");
    }

    private static Style style(RuleState state) {
        return switch (state) {
            case ACTIVE -> Style.GOOD;
            case PAUSED -> Style.WARN;
            case BROKEN -> Style.BAD;
        };
    }

    private static JsonObject json(RuleStatus rule) {
        JsonObject json = new JsonObject()
                .with("name", rule.name())
                .with("table", rule.table())
                .with("state", rule.state())
                .withAny("reason", rule.reason())
                .with("since", rule.since())
                .with("unserved", rule.unserved())
                .with("late", rule.late())
                .with("pending", rule.pending())
                .with("parked", rule.parked())
                .with("held", rule.held())
                .with("changes", rule.changes())
                .with("effects", rule.effects())
                .with("coalesced", rule.coalesced())
                .with("skipped", rule.skipped())
                .with("failures", rule.failures())
                .with("slow", rule.slow())
                .millis("reacting_ms", rule.reacting());
        rule.parkedSince().ifPresent(since -> json.with("parked_since", since));
        rule.oldest().ifPresent(time -> json.millis("oldest_ms", time));
        rule.lag().p50().ifPresent(time -> json.millis("lag_p50_ms", time));
        rule.lag().p95().ifPresent(time -> json.millis("lag_p95_ms", time));
        rule.lag().p99().ifPresent(time -> json.millis("lag_p99_ms", time));
        rule.slowest().ifPresent(time -> json.millis("slowest_ms", time));
        rule.backfill().ifPresent(walk -> json.with("backfill", json(walk)));
        rule.sweep().ifPresent(walk -> json.with("sweep", json(walk)));
        return json;
    }

    private static JsonObject causes(RuleStatus.Walk walk) {
        JsonObject causes = new JsonObject();
        walk.byCause().forEach((cause, count) -> causes.with(cause.name(), count));
        return causes;
    }

    private static JsonObject json(RuleStatus.Walk walk) {
        return new JsonObject()
                .with("state", walk.state())
                .with("rows", walk.rows())
                .with("expected", walk.expected())
                .with("found", walk.found())
                .with("repaired", walk.repaired())
                .with("by_cause", causes(walk))
                .withAny("note", walk.note())
                .with("started", walk.started())
                .withAny("ended", walk.ended());
    }
}

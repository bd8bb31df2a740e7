package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.rules.Rule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tidemill rules backfill}. */
@Command(
        name = "backfill",
        header = "Has a rule react to each row of its table as to a change, page by page.",
        description = {
            "",
            "Whichever process has the rule's code goes on with it; where none is up it waits for one. ./tidemill rules status"
                    + " --json has how far it is."
        })
final class BackfillRule extends RuleSwitch {
    @Option(
            names = "--rate",
            paramLabel = "ROWS",
            defaultValue = "2000",
            description = "How many rows a second at most, 1 to 100000. Default: ${DEFAULT-VALUE}.")
    private int rate = Rule.ROWS_PER_SECOND;

    @Option(names = "--cancel", description = "End the one under way.")
    private boolean cancel;

    private long backfill;

    @Override
    JsonObject begin(JsonObject answer) {
        return cancel ? answer : answer.with("backfill", backfill);
    }

    @Override
    boolean change(Rule rule) {
        if (cancel) {
            return rule.cancelBackfill();
        }
        backfill = rule.backfill(rate);
        return true;
    }

    @Override
    String said(String rule, boolean changed) {
        if (cancel) {
            return changed
                    ? "The backfill of rule " + rule + " is cancelled."
                    : "Rule " + rule + " has none under way.";
        }
        return "Backfill " + backfill + " of rule " + rule + " is under way.";
    }
}

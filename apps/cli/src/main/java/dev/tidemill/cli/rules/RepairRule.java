package dev.tidemill.cli.rules;

import dev.tidemill.rules.Rule;
import picocli.CommandLine.Command;

/** {@code tidemill rules repair}. */
@Command(
        name = "repair",
        header = "Makes a rule's triggers again, where they are missing, disabled or of a table that is gone.",
        description = {
            "",
            "From what the database has of the rule; the database user has to own the table. What was written meanwhile is"
                    + " found by a backfill or a sweep."
        })
final class RepairRule extends RuleSwitch {
    @Override
    boolean change(Rule rule) {
        rule.repair();
        return true;
    }

    @Override
    String said(String rule, boolean changed) {
        return "The triggers of rule " + rule + " are made again. What was missed: ./tidemill rules backfill " + rule;
    }
}

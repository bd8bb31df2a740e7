package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.rules.Rule;
import picocli.CommandLine.Command;

/** {@code tidemill rules sweep}. */
@Command(
        name = "sweep",
        header = "Looks for what a rule would have otherwise, and repairs up to its cap.",
        description = {
            "",
            "Done by a process that has the rule's code, as a job; its result says what was found. It waits for such a process."
        })
final class SweepRule extends RuleSwitch {
    private long job;

    @Override
    JsonObject begin(JsonObject answer) {
        return answer.with("job", job);
    }

    @Override
    boolean change(Rule rule) {
        job = rule.askForSweep();
        return true;
    }

    @Override
    String said(String rule, boolean changed) {
        return "Job " + job + " does the sweep. What it came to: ./tidemill jobs show " + job;
    }
}

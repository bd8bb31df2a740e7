package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.rules.Rule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tidemill rules dry-run}. */
@Command(
        name = "dry-run",
        header = "Tries a rule on rows of its table, undoes everything, and says what it would write.",
        description = {
            "",
            "Done by a process that has the rule's code, as a job; its result says what would change. It waits for such a process."
        })
final class DryRunRule extends RuleSwitch {
    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "1000",
            description = "How many rows, 1 to 1000000. Default: ${DEFAULT-VALUE}.")
    private int rows = 1_000;

    private long job;

    @Override
    JsonObject begin(JsonObject answer) {
        return answer.with("job", job);
    }

    @Override
    boolean change(Rule rule) {
        job = rule.askForDryRun(rows);
        return true;
    }

    @Override
    String said(String rule, boolean changed) {
        return "Job " + job + " does the dry run. What it came to: ./tidemill jobs show " + job;
    }
}

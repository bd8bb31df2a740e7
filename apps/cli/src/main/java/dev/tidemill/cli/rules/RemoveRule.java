package dev.tidemill.cli.rules;

import dev.tidemill.cli.options.Confirmation;
import dev.tidemill.cli.options.Output;
import dev.tidemill.rules.Rule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill rules remove}. */
@Command(
        name = "remove",
        header = "Takes a rule away for good, with its triggers and all that waits for it.",
        description = {"", "For a rule that no program defines any more; one that does makes it again when it starts."})
final class RemoveRule extends RuleSwitch {
    @Mixin
    private Confirmation confirmation = new Confirmation();

    @Override
    boolean isMeant(Output to, String rule) {
        return confirmation.given(to, "Remove rule " + rule + " with its triggers and all that waits for it?");
    }

    @Override
    boolean change(Rule rule) {
        return rule.remove();
    }

    @Override
    String said(String rule, boolean changed) {
        return changed ? "Rule " + rule + " is removed." : "There is no rule " + rule + ".";
    }
}

package dev.tidemill.cli.rules;

import dev.tidemill.rules.Rule;
import picocli.CommandLine.Command;

/** {@code tidemill rules pause}. */
@Command(name = "pause", header = "Holds what a rule would react to until it is resumed; changes are still noticed.")
final class PauseRule extends RuleSwitch {
    @Override
    boolean change(Rule rule) {
        return rule.pause();
    }

    @Override
    String said(String rule, boolean changed) {
        return "Rule " + rule + (changed ? " is paused." : " was paused before.");
    }
}

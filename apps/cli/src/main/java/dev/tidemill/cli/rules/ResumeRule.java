package dev.tidemill.cli.rules;

import dev.tidemill.rules.Rule;
import picocli.CommandLine.Command;

/** {@code tidemill rules resume}. */
@Command(name = "resume", header = "Lets a rule react again, to what waits first.")
final class ResumeRule extends RuleSwitch {
    @Override
    boolean change(Rule rule) {
        return rule.resume();
    }

    @Override
    String said(String rule, boolean changed) {
        return "Rule " + rule + (changed ? " goes on." : " was not paused.");
    }
}

package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.rules.Rule;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** {@code tidemill rules release}. */
@Command(
        name = "release",
        header = "Gives a parked key back, with what waits for it, for the rule to react again.",
        description = {"", "For a key whose job was discarded. One that is a dead letter is better replayed."})
final class ReleaseKey extends RuleSwitch {
    @Parameters(index = "1", paramLabel = "KEY", description = "The key.")
    private String key = "";

    @Override
    JsonObject begin(JsonObject answer) {
        return answer.with("key", key);
    }

    @Override
    boolean change(Rule rule) {
        return rule.release(key);
    }

    @Override
    String said(String rule, boolean changed) {
        return changed ? "The key is given back." : "Rule " + rule + " has no such key parked.";
    }
}

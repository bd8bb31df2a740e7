package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.ExitCode;
import dev.tidemill.cli.options.Output;
import dev.tidemill.rules.Rules;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill rules release}. */
@Command(
        name = "release",
        header = "Gives a parked key back, with what waits for it, for the rule to react again.",
        description = {"", "For a key whose job was discarded. One that is a dead letter is better replayed."})
final class ReleaseKey implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The rule.")
    private String name = "";

    @Parameters(paramLabel = "KEY", description = "The key.")
    private String key = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output);
                Rules rules = Rules.on(to.mill())) {
            boolean changed = rules.rule(name).release(key);
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("key", key).with("changed", changed));
            } else {
                output.say(changed ? "The key is given back." : "Rule " + name + " has no such key parked.");
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

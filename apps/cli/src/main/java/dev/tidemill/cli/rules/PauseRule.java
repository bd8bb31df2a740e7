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

/** {@code tidemill rules pause}. */
@Command(name = "pause", header = "Holds what a rule would react to until it is resumed; changes are still noticed.")
final class PauseRule implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The rule.")
    private String name = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output);
                Rules rules = Rules.on(to.mill())) {
            boolean changed = rules.rule(name).pause();
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("changed", changed));
            } else {
                output.say("Rule " + name + (changed ? " is paused." : " was paused before."));
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

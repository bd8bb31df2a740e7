package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.rules.Rule;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.program.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Changes something at a rule, and says whether it was otherwise before. */
abstract class RuleSwitch implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "The rule.")
    private String name = "";

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    /** Changes it; false if it was so before. */
    abstract boolean change(Rule rule);

    /** What came of it, for people. */
    abstract String said(String rule, boolean changed);

    /** What the answer in JSON has beside the rule's name and whether it changed. */
    JsonObject begin(JsonObject answer) {
        return answer;
    }

    /** Whether it is to be done, asked before the database is. */
    boolean isMeant(Output to, String rule) {
        return true;
    }

    @Override
    public Integer call() {
        if (!isMeant(output, name)) {
            return ExitCode.NO;
        }
        try (Connected to = database.open(output);
                Rules rules = Rules.on(to.mill())) {
            boolean changed = change(rules.rule(name).by(asker.by()));
            if (output.isJson()) {
                output.json(begin(new JsonObject().with("name", name)).with("changed", changed));
            } else {
                output.say(said(name, changed));
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

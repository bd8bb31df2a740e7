package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.rules.Rule;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** Lists something of a rule. */
abstract class RuleList<T> implements Callable<Integer> {
    private final String named;
    private final String none;

    @Parameters(paramLabel = "NAME", description = "The rule.")
    private String name = "";

    @Mixin
    private PageLength length = new PageLength(50);

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    /**
     * One.
     *
     * @param named the name of the list in JSON
     * @param none what is said where there is nothing to list
     */
    RuleList(String named, String none) {
        this.named = named;
        this.none = none;
    }

    abstract List<T> found(Rule rule, int limit);

    abstract JsonObject json(T one);

    /** The table without its rows. */
    abstract Table columns();

    abstract void row(Table table, T one);

    @Override
    public Integer call() {
        int limit = length.checked(output);
        try (Connected to = database.open(output);
                Rules rules = Rules.on(to.mill())) {
            List<T> found = found(rules.rule(name), limit);
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with(named, found.stream().map(this::json).toList()));
            } else {
                Table table = columns();
                found.forEach(one -> row(table, one));
                output.table(table, none);
            }
            return ExitCode.DONE;
        }
    }
}

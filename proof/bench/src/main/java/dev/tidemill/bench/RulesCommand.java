package dev.tidemill.bench;

import java.io.PrintStream;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code tidemill bench rules}. */
@Command(
        name = "rules",
        mixinStandardHelpOptions = true,
        description = {
            "Measures rules: what noticing a change costs the writer beside no trigger and beside row-level triggers; how"
                    + " long it takes from a commit to the effect's commit; and the correction of many rows.",
            "Takes about five minutes. Run it on an otherwise idle machine."
        })
final class RulesCommand implements Callable<Integer> {
    private static final String STAMPS = "track_commit_timestamp";
    private static final int MIN_ROWS = 20_000;

    @Spec
    CommandSpec spec;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description =
                    "A PostgreSQL 15 or newer to measure on, with " + STAMPS + " on, user and password in the URL's"
                            + " parameters (default: an embedded one, thrown away afterwards). Schemas of its own are made and"
                            + " dropped.")
    @Nullable
    String database;

    @Option(
            names = "--rows",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "How many rows are corrected, at least " + MIN_ROWS + ". Default: ${DEFAULT-VALUE}.")
    int rows;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    RulesCommand() {
        this.spec = CommandSpec.create();
    }

    @Override
    public Integer call() throws Exception {
        if (rows < MIN_ROWS) {
            throw new ParameterException(
                    spec.commandLine(), "--rows is " + rows + "; it must be at least " + MIN_ROWS + ".");
        }
        PrintStream progress = System.err;
        try (Target target = Target.open(database, Map.of(STAMPS, "on"));
                Rig rig = new Rig(target, progress)) {
            if (target.number("select (current_setting('" + STAMPS + "') = 'on')::int") == 0) {
                throw new ParameterException(
                        spec.commandLine(),
                        "The server does not keep the times of commits, which the latencies are taken from. Set "
                                + STAMPS + " = on, restart it, and try again.");
            }
            RulesBench bench = new RulesBench(rig, RulesBench.Effort.full(rows));
            Figures figures = bench.run();
            if (json) {
                System.out.println(figures.json());
            } else {
                figures.print(System.out);
            }
            return figures.isSound() ? 0 : 1;
        }
    }
}

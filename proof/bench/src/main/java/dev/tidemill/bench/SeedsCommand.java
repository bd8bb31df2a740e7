package dev.tidemill.bench;

import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import tools.jackson.databind.json.JsonMapper;

/** {@code tidemill bench seeds}. */
@Command(
        name = "seeds",
        mixinStandardHelpOptions = true,
        description = {
            "Measures what plans for background work promise: each figure by a naive way and by ours, in one run.",
            "Takes about two minutes. Run it on an otherwise idle machine."
        })
final class SeedsCommand implements Callable<Integer> {
    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to measure on, user and password in the URL's parameters"
                    + " (default: an embedded one). The sample shop makes its tables there.")
    @Nullable
    String database;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    SeedsCommand() {}

    @Override
    public Integer call() throws Exception {
        PrintStream progress = System.err;
        try (Target target = Target.open(database)) {
            List<SeedRow> rows = new SeedsBench(target, progress).run();
            if (json) {
                System.out.println(JsonMapper.shared().writeValueAsString(Map.of("rows", rows)));
            } else {
                SeedRow.print(rows, System.out);
            }
            return 0;
        }
    }
}

package dev.tidemill.bench;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code tidemill bench cache}. */
@Command(
        name = "cache",
        mixinStandardHelpOptions = true,
        description = {
            "Measures the cache: hits in each tier, concurrent misses, bulk reads, the hit rate of a fixed workload.",
            "Takes about a minute and a half. Run it on an otherwise idle machine. With redis-server on the PATH the"
                    + " second kind of shared tier is measured too."
        })
final class CacheCommand implements Callable<Integer> {
    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to measure on, user and password in the URL's parameters"
                    + " (default: an embedded one, thrown away afterwards). A schema of its own is made and dropped.")
    @Nullable
    String database;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    CacheCommand() {}

    @Override
    public Integer call() throws Exception {
        PrintStream progress = System.err;
        try (Target target = Target.open(database)) {
            CacheBench bench = new CacheBench(target, progress);
            Figures figures = bench.run();
            if (json) {
                System.out.println(figures.json());
            } else {
                figures.print(System.out);
            }
            return bench.isSound() ? 0 : 1;
        }
    }
}

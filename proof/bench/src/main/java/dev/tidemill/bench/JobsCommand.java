package dev.tidemill.bench;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code tidemill bench jobs}. */
@Command(
        name = "jobs",
        mixinStandardHelpOptions = true,
        description = {
            "Measures the engine: enqueue, drain, pick-up, rescue, start, memory.",
            "Takes about two minutes. Run it on an otherwise idle machine."
        })
final class JobsCommand implements Callable<Integer> {
    @Option(
            names = "--jobs",
            paramLabel = "N",
            defaultValue = "500000",
            description = "Jobs to enqueue in bulk and drain, 1,000 to 50,000,000 (default: ${DEFAULT-VALUE}).")
    int jobs;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to measure on, user and password in the URL's parameters"
                    + " (default: an embedded one, thrown away afterwards). A schema of its own is made and dropped.")
    @Nullable
    String database;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    @Spec
    CommandSpec spec;

    JobsCommand() {
        this.spec = CommandSpec.create();
    }

    @Override
    public Integer call() {
        if (jobs < 1_000 || jobs > 50_000_000) {
            throw new ParameterException(
                    spec.commandLine(), "--jobs is " + jobs + "; it must be between 1,000 and 50,000,000.");
        }
        PrintStream progress = System.err;
        try (Target target = Target.open(database)) {
            Figures figures = new JobsBench(target, jobs, progress).run();
            if (json) {
                System.out.println(JsonMapper.shared().writeValueAsString(figures.asMap()));
            } else {
                figures.print(System.out);
            }
            return figures.isSound() ? 0 : 1;
        }
    }
}

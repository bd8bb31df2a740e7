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

/** {@code tidemill bench http}. */
@Command(
        name = "http",
        mixinStandardHelpOptions = true,
        description = {
            "Measures the server: 2,000 requests a second over 1,000 and 5,000 connections, in an open load, on the"
                    + " machine that also runs the database and the load; then how many it takes.",
            "Takes about four minutes. Run it on an otherwise idle machine; it needs 12,000 open files (ulimit -n)."
        })
final class HttpCommand implements Callable<Integer> {
    /** Set by the launcher: itself. */
    private static final String LAUNCHER = "tidemill.launcher";

    @Spec
    CommandSpec spec;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to measure on, user and password in the URL's parameters (default:"
                    + " an embedded one, thrown away afterwards). A schema of its own is made and dropped.")
    @Nullable
    String database;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    HttpCommand() {
        this.spec = CommandSpec.create();
    }

    @Override
    public Integer call() {
        String launcher = System.getProperty(LAUNCHER);
        if (launcher == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "The server is measured as the launcher starts it: run './tidemill bench http', or give the"
                            + " launcher's path as -D" + LAUNCHER + "=PATH.");
        }
        PrintStream progress = System.err;
        try (Target target = Target.open(database);
                Rig rig = new Rig(target, progress)) {
            Figures figures = new HttpBench(rig, launcher).run();
            if (json) {
                System.out.println(JsonMapper.shared().writeValueAsString(figures.asMap()));
            } else {
                figures.print(System.out);
            }
            return 0;
        }
    }
}

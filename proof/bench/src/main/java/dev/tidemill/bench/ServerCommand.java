package dev.tidemill.bench;

import java.io.PrintStream;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** A measurement of the server, in a process of its own as the launcher starts it. */
abstract class ServerCommand implements Callable<Integer> {
    /** Set by the launcher: itself. */
    private static final String LAUNCHER = "tidemill.launcher";

    @Spec
    CommandSpec spec = CommandSpec.create();

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to measure on, user and password in the URL's parameters (default:"
                    + " an embedded one, thrown away afterwards). A schema of its own is made and dropped.")
    @Nullable
    String database;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    /** Measures the server that this launcher starts. */
    abstract Figures measure(Rig rig, String launcher);

    @Override
    public Integer call() {
        String launcher = System.getProperty(LAUNCHER);
        if (launcher == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "The server is measured as the launcher starts it: run './tidemill bench " + spec.name()
                            + "', or give the launcher's path as -D" + LAUNCHER + "=PATH.");
        }
        PrintStream progress = System.err;
        try (Target target = Target.open(database);
                Rig rig = new Rig(target, progress)) {
            Figures figures = measure(rig, launcher);
            if (json) {
                System.out.println(figures.json());
            } else {
                figures.print(System.out);
            }
            return 0;
        }
    }
}

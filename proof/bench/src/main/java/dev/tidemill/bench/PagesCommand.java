package dev.tidemill.bench;

import java.io.PrintStream;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import tools.jackson.databind.json.JsonMapper;

/** {@code tidemill bench pages}. */
@Command(
        name = "pages",
        mixinStandardHelpOptions = true,
        description = {
            "Measures every page and every list of the server, asked one after the other, with many finished jobs, a tenth"
                    + " as many waiting, 100,000 dead letters and 100,000 lines in the audit trail.",
            "Takes about ten minutes with ten million jobs. Run it on an otherwise idle machine."
        })
final class PagesCommand implements Callable<Integer> {
    /** Set by the launcher: itself. */
    private static final String LAUNCHER = "tidemill.launcher";

    @Spec
    CommandSpec spec;

    @Option(
            names = "--history",
            paramLabel = "N",
            defaultValue = "10000000",
            description = "Finished jobs, 10,000 to 100,000,000 (default: ${DEFAULT-VALUE}).")
    int history;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "100",
            description = "How often each is asked, 10 to 10,000 (default: ${DEFAULT-VALUE}).")
    int rounds;

    @Option(
            names = "--database",
            paramLabel = "JDBC_URL",
            description = "A PostgreSQL 15 or newer to measure on, user and password in the URL's parameters (default:"
                    + " an embedded one, thrown away afterwards). A schema of its own is made and dropped.")
    @Nullable
    String database;

    @Option(names = "--json", description = "One line of JSON on standard output; progress on standard error.")
    boolean json;

    PagesCommand() {
        this.spec = CommandSpec.create();
    }

    @Override
    public Integer call() {
        within("--history", history, 10_000, 100_000_000);
        within("--rounds", rounds, 10, 10_000);
        String launcher = System.getProperty(LAUNCHER);
        if (launcher == null) {
            throw new ParameterException(
                    spec.commandLine(),
                    "The server is measured as the launcher starts it: run './tidemill bench pages', or give the"
                            + " launcher's path as -D" + LAUNCHER + "=PATH.");
        }
        PrintStream progress = System.err;
        try (Target target = Target.open(database);
                Rig rig = new Rig(target, progress)) {
            Figures figures = new PagesBench(rig, launcher, history, rounds).run();
            if (json) {
                System.out.println(JsonMapper.shared().writeValueAsString(figures.asMap()));
            } else {
                figures.print(System.out);
            }
            return 0;
        }
    }

    private void within(String option, long value, long least, long most) {
        if (value < least || value > most) {
            throw new ParameterException(
                    spec.commandLine(),
                    String.format(
                            Locale.ROOT, "%s is %,d; it must be between %,d and %,d.", option, value, least, most));
        }
    }
}

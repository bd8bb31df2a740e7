package dev.tidemill.bench;

import java.util.Locale;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code tidemill bench pages}. */
@Command(
        name = "pages",
        mixinStandardHelpOptions = true,
        description = {
            "Measures every page and every list of the server, asked one after the other, with many finished jobs, a tenth"
                    + " as many waiting, 100,000 dead letters and 100,000 lines in the audit trail.",
            "Takes about ten minutes with ten million jobs. Run it on an otherwise idle machine."
        })
final class PagesCommand extends ServerCommand {
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

    @Override
    public Integer call() {
        within("--history", history, 10_000, 100_000_000);
        within("--rounds", rounds, 10, 10_000);
        return super.call();
    }

    @Override
    Figures measure(Rig rig, String launcher) {
        return new PagesBench(rig, launcher, history, rounds).run();
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

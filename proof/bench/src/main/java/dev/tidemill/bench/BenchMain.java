package dev.tidemill.bench;

import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code tidemill bench}. */
@Command(
        name = "tidemill bench",
        mixinStandardHelpOptions = true,
        version = "0.1.0-SNAPSHOT",
        description = "Measures Tidemill on this machine, each run in processes of its own.",
        synopsisSubcommandLabel = "COMMAND",
        footer = "  peers  Measures Tidemill beside other job systems; a program of its own: bench peers --help.",
        subcommands = {JobsCommand.class, HttpCommand.class, PagesCommand.class, CacheCommand.class, SeedsCommand.class
        })
public final class BenchMain {
    /** The web server of the shop that is measured tells of every start; held here, since loggers are held weakly. */
    private static final Logger WEB_SERVER_LOG = Logger.getLogger("io.helidon");

    private BenchMain() {}

    /** Runs the command and exits: 0 when all is well, 1 when jobs were lost or done twice, 2 for bad arguments. */
    public static void main(String[] arguments) {
        WEB_SERVER_LOG.setLevel(Level.WARNING);
        CommandLine command = new CommandLine(new BenchMain()).setCaseInsensitiveEnumValuesAllowed(true);
        if (arguments.length == 0) {
            command.usage(System.err);
            System.exit(2);
        }
        System.exit(command.execute(arguments));
    }
}

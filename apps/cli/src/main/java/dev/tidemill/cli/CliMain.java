package dev.tidemill.cli;

import dev.tidemill.jobs.TidemillException;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** The commands that need nothing but a database: no server, no configuration of the application. */
@Command(
        name = "tidemill",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DoctorCommand.class,
            WhyCommand.class,
            PauseCommand.class,
            ResumeCommand.class,
            CancelCommand.class,
            RescheduleCommand.class,
            PrioritizeCommand.class,
            ReplayCommand.class,
            DiscardCommand.class,
            DrainCommand.class,
            AuditCommand.class
        })
public final class CliMain {
    /** The driver logs what it cannot parse; held here, since loggers are held weakly. */
    private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql");

    private CliMain() {}

    /** Runs a command and exits: 0 all is well, 1 it is not, 2 wrong usage, or the database could not be asked. */
    public static void main(String[] arguments) {
        DRIVER_LOG.setLevel(Level.OFF);
        System.exit(commandLine().execute(arguments));
    }

    static CommandLine commandLine() {
        return new CommandLine(new CliMain())
                .setUsageHelpAutoWidth(true)
                .setExecutionExceptionHandler((failed, line, parsed) -> {
                    if (failed instanceof TidemillException known) {
                        line.getErr().println("tidemill: " + known.code() + ": " + known.getMessage());
                        return 2;
                    }
                    throw failed;
                });
    }
}

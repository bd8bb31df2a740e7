package dev.tidemill.cli;

import dev.tidemill.cli.access.AccessCommands;
import dev.tidemill.cli.control.ControlCommands;
import dev.tidemill.cli.health.HealthCommands;
import dev.tidemill.cli.jobs.JobCommands;
import dev.tidemill.cli.options.Program;
import dev.tidemill.cli.rules.RuleCommands;
import dev.tidemill.cli.setup.SetupCommands;
import dev.tidemill.cli.terminal.Screen;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.rules.RuleException;
import dev.tidemill.schema.SchemaException;
import dev.tidemill.server.program.ExitCode;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.Model.UsageMessageSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.UnmatchedArgumentException;

/** The commands that need nothing but a database: no server, no configuration of the application. */
public final class CliMain {
    /** The driver logs what it cannot parse; held here, since loggers are held weakly. */
    private static final Logger DRIVER_LOG = Logger.getLogger("org.postgresql");

    private CliMain() {}

    /** Runs a command and exits, with a code of {@link ExitCode}. */
    public static void main(String[] arguments) {
        DRIVER_LOG.setLevel(Level.OFF);
        Screen screen = Screen.of(System.getProperty("tidemill.terminal"), System::getenv);
        PrintWriter out = new PrintWriter(System.out, false, StandardCharsets.UTF_8);
        PrintWriter err = new PrintWriter(System.err, true, StandardCharsets.UTF_8);
        int exit = commandLine(new Program(screen, System.in, System::getenv))
                .setOut(out)
                .setErr(err)
                .execute(arguments);
        out.flush();
        System.exit(exit);
    }

    static CommandLine commandLine(Program program) {
        CommandLine root = new CommandLine(program);
        JobCommands.addTo(root);
        HealthCommands.addTo(root);
        ControlCommands.addTo(root);
        ControlCommands.nodes(HealthCommands.nodes()).addTo(root);
        RuleCommands.addTo(root);
        AccessCommands.addTo(root);
        SetupCommands.addTo(root);
        List<Object> withoutGroup = new ArrayList<>(JobCommands.withoutGroup());
        withoutGroup.addAll(ControlCommands.withoutGroup());
        List<String> names = new ArrayList<>();
        for (Object command : withoutGroup) {
            CommandLine line = new CommandLine(command);
            line.getCommandSpec().usageMessage().hidden(true);
            names.add(line.getCommandName());
            root.addSubcommand(line.getCommandName(), line);
        }
        root.getCommandSpec()
                .usageMessage()
                .footer("", "These can be called without their group: " + String.join(", ", names) + ".");
        describe(root);
        return root.setExpandAtFiles(false)
                .setUsageHelpAutoWidth(false)
                .setUsageHelpWidth(Math.clamp(program.screen().columns(), 80, 120))
                .setColorScheme(
                        CommandLine.Help.defaultColorScheme(program.screen().colour() ? Ansi.ON : Ansi.OFF))
                .setCaseInsensitiveEnumValuesAllowed(true)
                .setParameterExceptionHandler(CliMain::wrongUsage)
                .setExecutionExceptionHandler((failed, line, parsed) -> failed(failed, line));
    }

    private static void describe(CommandLine line) {
        UsageMessageSpec usage = line.getCommandSpec().usageMessage();
        usage.sortOptions(false);
        usage.parameterListHeading("%nParameters:%n");
        usage.optionListHeading("%nOptions:%n");
        usage.commandListHeading("%nCommands:%n");
        usage.exitCodeListHeading("%nExit codes:%n");
        usage.exitCodeList(ExitCode.table());
        line.getSubcommands().values().forEach(CliMain::describe);
    }

    private static int wrongUsage(ParameterException wrong, String[] arguments) {
        CommandLine line = wrong.getCommandLine();
        PrintWriter err = line.getErr();
        err.println("tidemill: " + wrong.getMessage());
        UnmatchedArgumentException.printSuggestions(wrong, err);
        err.println("'" + line.getCommandSpec().qualifiedName() + " --help' says how it is used.");
        return ExitCode.USAGE;
    }

    private static int failed(Exception failed, CommandLine line) throws Exception {
        if (failed instanceof TidemillException known) {
            line.getErr().println("tidemill: " + known.code() + ": " + known.getMessage());
            return ExitCode.of(known.code());
        }
        if (failed instanceof RuleException known && known.getCause() instanceof SchemaException refused) {
            return failed(refused, line);
        }
        if (failed instanceof RuleException known) {
            line.getErr().println("tidemill: RULE_" + known.code() + ": " + known.getMessage());
            return switch (known.code()) {
                case NOT_FOUND -> ExitCode.NO;
                case DATABASE, LOCKED_OUT, FORBIDDEN, CLOSED -> ExitCode.UNAVAILABLE;
                case INVALID, NO_TABLE, NO_COLUMN, OUTSIDE, CIRCLE, TOO_SLOW -> ExitCode.USAGE;
            };
        }
        if (failed instanceof IOException) {
            line.getErr().println("tidemill: what is to be read cannot be: " + failed.getMessage());
            return ExitCode.USAGE;
        }
        if (failed instanceof SchemaException refused) {
            line.getErr().println("tidemill: SCHEMA_" + refused.reason() + ": " + refused.getMessage());
            return ExitCode.UNAVAILABLE;
        }
        if (failed instanceof SQLException refused) {
            line.getErr().println("tidemill: " + code(refused) + ": " + refused.getMessage());
            return ExitCode.UNAVAILABLE;
        }
        throw failed;
    }

    /** As the engine calls it; by the classes of states that SQL defines. */
    private static ErrorCode code(SQLException refused) {
        String state = refused.getSQLState();
        if (state == null || state.startsWith("08")) {
            return ErrorCode.DATABASE_UNREACHABLE;
        }
        return state.startsWith("28") || state.equals("42501") ? ErrorCode.PRIVILEGE_MISSING : ErrorCode.DATABASE_ERROR;
    }
}

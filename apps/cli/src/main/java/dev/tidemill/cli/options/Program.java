package dev.tidemill.cli.options;

import dev.tidemill.cli.terminal.Screen;
import java.io.InputStream;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;

/** The program itself, and what surrounds it: the terminal, the environment, standard input. */
@Command(
        name = "tidemill",
        sortOptions = false,
        synopsisSubcommandLabel = "COMMAND",
        header = "Looks at jobs and steers them, with nothing but the database: no server has to be up.",
        description = {
            "",
            "The database is named by --database or TIDEMILL_DATABASE, see any command's --help. Every command but the"
                    + " programs takes --json.",
            ""
        },
        optionListHeading = "Options:%n",
        commandListHeading = "%nCommands:%n")
public final class Program {
    private final Screen screen;
    private final InputStream in;
    private final UnaryOperator<@Nullable String> environment;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it.
    private boolean help;

    /**
     * Surrounded by these.
     *
     * @param environment variables by name; null for one that is not set
     */
    public Program(Screen screen, InputStream in, UnaryOperator<@Nullable String> environment) {
        this.screen = screen;
        this.in = in;
        this.environment = environment;
    }

    /** The program that a command belongs to. */
    public static Program of(CommandSpec command) {
        return (Program) command.root().userObject();
    }

    /** Where the output ends. */
    public Screen screen() {
        return screen;
    }

    /** Standard input. */
    public InputStream in() {
        return in;
    }

    /** An environment variable; null if it is not set, or blank. */
    public @Nullable String environment(String name) {
        String value = environment.apply(name);
        return value == null || value.isBlank() ? null : value.strip();
    }
}

package dev.tidemill.cli.setup;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code tidemill completion}. */
@Command(
        name = "completion",
        header = "Prints a script that completes commands and options in a shell.",
        description = {
            "",
            "bash:  source <(./tidemill completion bash)",
            "zsh:   source <(./tidemill completion zsh)",
            "",
            "The same line in ~/.bashrc or ~/.zshrc makes it stay. It completes 'tidemill' and './tidemill'."
        })
final class CompletionCommand implements Callable<Integer> {
    /** What the launcher knows beside the commands of this program. */
    private static final List<String> OTHERS = List.of("demo", "bench", "chaos", "test");

    /** For which shells. */
    enum Shell {
        /** GNU Bash 4 and newer, and 3.2. */
        BASH,
        /** Z shell, by its bashcompinit, which the script loads. */
        ZSH
    }

    @Parameters(paramLabel = "SHELL", description = "bash or zsh.")
    @SuppressWarnings("UnusedVariable") // Checked by being read: one script suits both.
    private Shell shell = Shell.BASH;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it.
    private boolean help;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public Integer call() {
        CommandLine root = spec.root().commandLine();
        OTHERS.forEach(name -> root.addSubcommand(name, CommandSpec.create()));
        spec.commandLine().getOut().print(AutoComplete.bash("tidemill", root));
        spec.commandLine().getOut().flush();
        return 0;
    }
}

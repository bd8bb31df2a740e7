package dev.tidemill.cli.options;

import dev.tidemill.server.program.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** Commands that are about the same thing. */
public final class Group {
    private final CommandLine line;

    private Group(CommandLine line) {
        this.line = line;
    }

    /**
     * A group.
     *
     * @param bare what its name alone does
     */
    public static Group named(String name, String header, Object bare) {
        CommandLine line = new CommandLine(bare);
        String alone = "Alone it is '" + name + " " + line.getCommandName() + "'.";
        line.setCommandName(name);
        line.getCommandSpec().usageMessage().header(header).description("", alone);
        return new Group(line);
    }

    /** A group whose name alone does nothing but say what is in it. */
    public static Group named(String name, String header) {
        CommandLine line = new CommandLine(new Nothing());
        line.setCommandName(name);
        line.getCommandSpec().usageMessage().header(header);
        return new Group(line);
    }

    /** What the name of such a group alone does. */
    @Command(synopsisSubcommandLabel = "COMMAND")
    static final class Nothing implements Callable<Integer> {
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
            spec.commandLine().usage(spec.commandLine().getErr());
            return ExitCode.USAGE;
        }
    }

    /** With another command. */
    public Group with(Object command) {
        line.addSubcommand(command);
        return this;
    }

    /** Adds it to a program. */
    public void addTo(CommandLine program) {
        program.addSubcommand(line.getCommandName(), line);
    }
}

package dev.tidemill.cli.options;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.terminal.Bar;
import dev.tidemill.cli.terminal.Screen;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import java.io.PrintWriter;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;

/** Where an answer goes: text for people, or JSON. */
public final class Output {
    @Option(names = "--json", description = "JSON on standard output, and nothing else.")
    private boolean json;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli reads it.
    private boolean help;

    private CommandSpec spec = CommandSpec.create();

    @Spec(Target.MIXEE)
    void spec(CommandSpec command) {
        spec = command;
    }

    /** Whether a program reads it. */
    public boolean isJson() {
        return json;
    }

    /** Standard output. */
    public PrintWriter text() {
        return spec.commandLine().getOut();
    }

    /** Prints a line. */
    public void say(String line) {
        text().println(line);
    }

    /** Prints a line of JSON. */
    public void json(JsonObject answer) {
        text().println(answer);
    }

    /** Prints a table; what there is none of where it has no rows. */
    public void table(Table table, String none) {
        if (table.size() == 0) {
            say(none);
        } else {
            table.print(text(), screen());
        }
    }

    /** A text in a style, or as it is where there is no colour. */
    public String in(Style style, String text) {
        return screen().in(style, text);
    }

    /** The terminal. */
    public Screen screen() {
        return program().screen();
    }

    /** The program. */
    public Program program() {
        return Program.of(spec);
    }

    /** Shows how far something long is, on a terminal. */
    public Bar bar(String what, long total) {
        return new Bar(spec.commandLine().getErr(), screen(), what, total);
    }

    /** Standard error, for what is no answer. */
    public PrintWriter err() {
        return spec.commandLine().getErr();
    }

    /** The whole command, such as {@code tidemill jobs list}. */
    public String command() {
        return spec.qualifiedName();
    }

    /** Wrong usage. */
    public ParameterException wrong(String message) {
        return new ParameterException(spec.commandLine(), message);
    }
}

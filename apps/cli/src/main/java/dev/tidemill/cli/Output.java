package dev.tidemill.cli;

import java.io.PrintWriter;
import java.util.Map;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;
import picocli.CommandLine.Spec.Target;
import tools.jackson.databind.json.JsonMapper;

/** Where an answer goes: text for people, or one line of JSON. */
final class Output {
    @Option(names = "--json", description = "One line of JSON on standard output, and nothing else.")
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

    boolean isJson() {
        return json;
    }

    PrintWriter text() {
        return spec.commandLine().getOut();
    }

    void json(Map<String, ?> answer) {
        text().println(JsonMapper.shared().writeValueAsString(answer));
    }

    CommandSpec spec() {
        return spec;
    }
}

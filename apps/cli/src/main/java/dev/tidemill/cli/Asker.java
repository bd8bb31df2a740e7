package dev.tidemill.cli;

import picocli.CommandLine.Option;

/** Who asks for a change. */
final class Asker {
    @Option(
            names = "--by",
            paramLabel = "NAME",
            defaultValue = "${sys:user.name}",
            description = "Who asks for it, for the audit trail. Default: ${DEFAULT-VALUE}.")
    private String by = "";

    String by() {
        return by;
    }
}

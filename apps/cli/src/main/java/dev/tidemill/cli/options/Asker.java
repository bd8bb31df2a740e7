package dev.tidemill.cli.options;

import picocli.CommandLine.Option;

/** Who asks for a change. */
public final class Asker {
    @Option(
            names = "--by",
            paramLabel = "NAME",
            defaultValue = "${sys:user.name}",
            description = "Who asks for it, for the audit trail. Default: ${DEFAULT-VALUE}.")
    private String by = "";

    /** 1 to 100 characters, or the change is refused. */
    public String by() {
        return by;
    }
}

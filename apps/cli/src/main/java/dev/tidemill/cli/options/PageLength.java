package dev.tidemill.cli.options;

import picocli.CommandLine.Option;

/** How many lines a list has. */
public final class PageLength {
    private static final int MOST = 1_000;

    @Option(names = "--limit", paramLabel = "N", description = "How many, 1 to 1000. Default: ${DEFAULT-VALUE}.")
    private int limit;

    /** So many unless told otherwise. */
    public PageLength(int usual) {
        this.limit = usual;
    }

    /** The number, which is refused if no list is so long. */
    public int checked(Output output) {
        if (limit < 1 || limit > MOST) {
            throw output.wrong("--limit is " + limit + "; it must be between 1 and " + MOST + ".");
        }
        return limit;
    }
}

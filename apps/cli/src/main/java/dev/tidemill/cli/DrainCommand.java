package dev.tidemill.cli;

import dev.tidemill.jobs.HandMill;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill drain}. */
@Command(
        name = "drain",
        sortOptions = false,
        header = "Keeps a node from claiming jobs, or calls it back; no server has to be up.",
        description = {
            "",
            "The node finishes what runs, gives back what it has claimed and not started, and claims nothing until it is "
                    + "called back, also after a restart under the same name. Exit codes: 0 done, 1 it was so before, 2 it could "
                    + "not.",
            ""
        },
        optionListHeading = "Options:%n")
final class DrainCommand implements Callable<Integer> {
    @Parameters(paramLabel = "NODE", description = "The node's name, or its epoch.")
    private String node = "";

    @Option(names = "--undo", description = "Call it back.")
    private boolean undo;

    @Option(names = "--reason", paramLabel = "TEXT", defaultValue = "", description = "Why, for the audit trail.")
    private String reason = "";

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (HandMill mill = database.open("drain")) {
            boolean changed = undo
                    ? mill.tidemill().nodes().undrain(node, asker.by())
                    : mill.tidemill().nodes().drain(node, asker.by(), reason);
            if (output.isJson()) {
                output.json(Map.of("node", node, "drained", !undo, "changed", changed));
            } else {
                output.text()
                        .println("Node " + node
                                + (undo
                                        ? changed ? " claims again." : " was not drained."
                                        : changed ? " is drained." : " was drained before."));
            }
            return changed ? 0 : 1;
        }
    }
}

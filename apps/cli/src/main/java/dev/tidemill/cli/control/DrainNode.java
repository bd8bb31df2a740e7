package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.server.program.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill nodes drain}. */
@Command(
        name = "drain",
        header = "Keeps a node from claiming jobs, or calls it back.",
        description = {
            "",
            "The node finishes what runs, gives back what it has claimed and not started, and claims nothing until it is"
                    + " called back, also after a restart under the same name."
        })
final class DrainNode implements Callable<Integer> {
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
        try (Connected to = database.open(output)) {
            boolean changed = undo
                    ? to.mill().nodes().undrain(node, asker.by())
                    : to.mill().nodes().drain(node, asker.by(), reason);
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("node", node)
                        .with("drained", !undo)
                        .with("changed", changed));
            } else {
                output.say("Node " + node
                        + (undo
                                ? changed ? " claims again." : " was not drained."
                                : changed ? " is drained." : " was drained before."));
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

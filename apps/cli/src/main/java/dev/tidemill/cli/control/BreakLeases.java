package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Confirmation;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.jobs.LeaseView;
import dev.tidemill.jobs.Leases.Revoked;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill leases break}. */
@Command(
        name = "break",
        header = "Takes from a node that hangs all jobs that it holds; they run again elsewhere.",
        description = {
            "",
            "For a node whose heartbeat goes on while its handlers do not end; a dead one is found out by itself. Its epoch"
                    + " is taken away: whatever it still writes of those jobs is refused. What its handlers do elsewhere"
                    + " goes on until they end, so for that while a job may run twice. A node that lives goes on under a"
                    + " new epoch; drain it first to keep it from claiming more."
        })
final class BreakLeases implements Callable<Integer> {
    @Parameters(paramLabel = "NODE", description = "The node's name, or its epoch.")
    private String node = "";

    @Option(names = "--reason", paramLabel = "TEXT", defaultValue = "", description = "Why, for the audit trail.")
    private String reason = "";

    @Mixin
    private Confirmation confirmation = new Confirmation();

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            long held = to.mill().leases().list().stream()
                    .filter(lease -> lease.node().equals(node)
                            || Long.toString(lease.epoch()).equals(node))
                    .mapToLong(LeaseView::jobs)
                    .sum();
            if (!confirmation.given(
                    output, "Take the " + Plain.count(held, "job") + " of node " + Plain.line(node) + " away?")) {
                output.err().println("Left as it was.");
                return ExitCode.NO;
            }
            List<Revoked> revoked = to.mill().leases().revoke(node, asker.by(), reason);
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("epochs", revoked.stream().map(BreakLeases::json).toList()));
            } else {
                revoked.forEach(epoch -> output.say(
                        epoch.done()
                                ? "Epoch " + epoch.epoch() + " of node " + Plain.line(epoch.node()) + " is closed; "
                                        + Plain.count(epoch.jobs(), "job")
                                        + (epoch.jobs() == 1 ? " is" : " are") + " ready again."
                                : "Epoch " + epoch.epoch() + " of node " + Plain.line(epoch.node())
                                        + " is being closed by another process."));
            }
            return ExitCode.DONE;
        }
    }

    private static JsonObject json(Revoked epoch) {
        return new JsonObject()
                .with("node", epoch.node())
                .with("epoch", epoch.epoch())
                .with("jobs", epoch.jobs())
                .with("done", epoch.done());
    }
}

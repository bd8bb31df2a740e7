package dev.tidemill.cli.health;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.jobs.Drained;
import dev.tidemill.jobs.Stats;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill nodes list}. */
@Command(name = "list", header = "Lists the processes at work, and the nodes that are drained.")
final class ListNodes implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            Stats stats = to.mill().stats();
            List<Drained> drained = to.mill().nodes().drained();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with(
                                "nodes",
                                stats.nodes().stream().map(StatsTexts::json).toList())
                        .with("drained", drained.stream().map(ListNodes::json).toList()));
            } else {
                output.table(StatsTexts.nodes(stats), "No node is at work.");
                drained.forEach(one -> output.say("drained  " + Plain.line(one.node()) + " since "
                        + Plain.time(one.since()) + " by " + Plain.line(one.by())
                        + (one.reason().isEmpty() ? "" : " (" + Plain.line(one.reason()) + ")")
                        + ", holding " + Plain.count(one.holding(), "job")));
            }
            return ExitCode.DONE;
        }
    }

    private static JsonObject json(Drained one) {
        return new JsonObject()
                .with("node", one.node())
                .with("since", one.since())
                .with("by", one.by())
                .with("reason", one.reason())
                .with("alive", one.alive())
                .with("holding", one.holding());
    }
}

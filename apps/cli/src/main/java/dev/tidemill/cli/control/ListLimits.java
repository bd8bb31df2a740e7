package dev.tidemill.cli.control;

import dev.tidemill.cli.json.ControlJson;
import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.KeyWeight;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill limits list}. */
@Command(name = "list", header = "Lists the limits with how they stand, and the queues in which keys take turns.")
final class ListLimits implements Callable<Integer> {
    private static final long COUNTED_TO = 10_000;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            List<LimitView> limits = to.mill().limits().list();
            List<String> fair = to.mill().limits().fairQueues();
            List<KeyWeight> weights = to.mill().limits().weights();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("limits", limits.stream().map(ControlJson::limit).toList())
                        .with("fair_queues", fair)
                        .with("weights", weights.stream().map(ListLimits::json).toList()));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.text("SCOPE"),
                    Column.text("NAME"),
                    Column.text("FOR"),
                    Column.number("AT A TIME"),
                    Column.text("RATE"),
                    Column.number("HELD"),
                    Column.number("WAITING"),
                    Column.number("KEYS WAITING"));
            for (LimitView view : limits) {
                Limit limit = view.limit();
                table.row(
                        limit.scope().name(),
                        limit.name(),
                        limit.perKey() ? "each key" : "all",
                        limit.concurrency(),
                        rate(limit),
                        view.held(),
                        Table.cell(view.waiting() > 0 ? Style.WARN : Style.PLAIN, counted(view.waiting())),
                        counted(view.waitingKeys()));
            }
            output.table(table, "No limits.");
            if (!fair.isEmpty()) {
                output.say("Keys take turns on: " + String.join(", ", fair));
            }
            for (KeyWeight each : weights) {
                output.say("Key " + Plain.line(each.key()) + " of queue " + each.queue() + " has " + each.weight()
                        + " turns" + (fair.contains(each.queue()) ? "." : " once its keys take turns again."));
            }
            return ExitCode.DONE;
        }
    }

    private static String counted(long number) {
        return Plain.number(number) + (number >= COUNTED_TO ? "+" : "");
    }

    private static String rate(Limit limit) {
        Duration per = limit.per();
        return limit.rate() == null || per == null
                ? ""
                : Plain.number(limit.rate()) + " in " + Plain.span(per)
                        + (limit.rate().equals(limit.burst()) ? "" : ", burst " + limit.burst());
    }

    private static JsonObject json(KeyWeight each) {
        return new JsonObject()
                .with("queue", each.queue())
                .with("key", each.key())
                .with("weight", each.weight());
    }
}

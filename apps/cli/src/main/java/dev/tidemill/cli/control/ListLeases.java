package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.LeaseView;
import dev.tidemill.server.program.ExitCode;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill leases list}. */
@Command(
        name = "list",
        header = "Lists who holds jobs: a line for each node and kind, oldest claims first.",
        description = {
            "",
            "What a node holds runs there, or is about to. 'ENDED' is what nobody returned: './tidemill doctor --repair'"
                    + " does."
        })
final class ListLeases implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            List<LeaseView> leases = to.mill().leases().list();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("leases", leases.stream().map(ListLeases::json).toList()));
                return ExitCode.DONE;
            }
            Instant now = leases.isEmpty() ? Instant.EPOCH : to.mill().stats().at();
            Table table = new Table(
                    Column.text("NODE"),
                    Column.number("EPOCH"),
                    Column.text("STATE"),
                    Column.number("HEARD"),
                    Column.text("KIND"),
                    Column.number("JOBS"),
                    Column.number("AGE"),
                    Column.elastic("IDS"));
            leases.forEach(lease -> table.row(
                    lease.node(),
                    Long.toString(lease.epoch()),
                    Table.cell(style(lease.state()), lease.state().name()),
                    Plain.span(since(lease.heartbeatAt(), now)) + " ago",
                    lease.kind(),
                    lease.jobs(),
                    Plain.span(since(lease.claimedAt(), now)),
                    ids(lease)));
            output.table(table, "No node holds a job.");
            return ExitCode.DONE;
        }
    }

    /** The two readings are not of one moment. */
    private static Duration since(Instant then, Instant now) {
        return then.isAfter(now) ? Duration.ZERO : Duration.between(then, now);
    }

    private static String ids(LeaseView lease) {
        String first = String.join(
                " ", lease.ids().stream().limit(5).map(String::valueOf).toList());
        return lease.jobs() > 5 ? first + " .." : first;
    }

    private static Style style(LeaseView.State state) {
        return switch (state) {
            case LIVING -> Style.GOOD;
            case CLOSING -> Style.WARN;
            case ENDED -> Style.BAD;
        };
    }

    private static JsonObject json(LeaseView lease) {
        return new JsonObject()
                .with("node", lease.node())
                .with("epoch", lease.epoch())
                .with("host", lease.host())
                .with("pid", lease.pid())
                .with("heartbeat_at", lease.heartbeatAt())
                .with("state", lease.state())
                .with("kind", lease.kind())
                .with("jobs", lease.jobs())
                .with("claimed_at", lease.claimedAt())
                .with("ids", lease.ids());
    }
}

package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.DeadLetterGroup;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill dead-letters groups}. */
@Command(
        name = "groups",
        header = "Counts the newest 10,000 dead letters that failed alike: of a kind, with a code and a sort of error.",
        description = {
            "",
            "The sort of an error is what its first line has before the first colon. At most 100 groups, the largest first."
        })
final class GroupDeadLetters implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            List<DeadLetterGroup> groups = to.mill().deadLetterGroups();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with(
                                "groups",
                                groups.stream().map(GroupDeadLetters::json).toList()));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.number("JOBS"),
                    Column.text("KIND"),
                    Column.text("CODE"),
                    Column.text("LATEST"),
                    Column.number("SUCH AS"),
                    Column.elastic("ERROR"));
            groups.forEach(group -> table.row(
                    group.count(),
                    group.kind(),
                    Table.cell(Style.BAD, group.code()),
                    Plain.time(group.latest()),
                    Long.toString(group.newestJob()),
                    group.sample()));
            output.table(table, "No dead letters.");
            return ExitCode.DONE;
        }
    }

    private static JsonObject json(DeadLetterGroup group) {
        return new JsonObject()
                .with("kind", group.kind())
                .with("code", group.code())
                .with("error", group.error())
                .with("count", group.count())
                .with("latest", group.latest())
                .with("newest_job", group.newestJob())
                .with("sample", group.sample());
    }
}

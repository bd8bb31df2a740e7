package dev.tidemill.cli.access;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.server.access.ApiKey;
import dev.tidemill.server.program.ExitCode;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill keys list}. */
@Command(
        name = "list",
        header = "Lists the API keys, newest first, without their secrets; those that were revoked for thirty days.")
final class ListKeys implements Callable<Integer> {
    @Mixin
    private PageLength length = new PageLength(100);

    @Option(names = "--before", paramLabel = "ID", description = "Only keys with smaller ids, to go on.")
    private long before = Long.MAX_VALUE;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws SQLException {
        int limit = length.checked(output);
        try (AccessTables to = AccessTables.open(database, output)) {
            List<ApiKey> keys = to.accounts().keys(before, limit);
            Long next = keys.size() == limit ? keys.getLast().id() : null;
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("keys", keys.stream().map(ListKeys::json).toList())
                        .with("next_before", next));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.number("ID"),
                    Column.text("NAME"),
                    Column.text("SCOPES"),
                    Column.text("STATE"),
                    Column.text("ENDS"),
                    Column.text("LAST USED"),
                    Column.text("CREATED"),
                    Column.text("BY"));
            keys.forEach(key -> table.row(
                    Long.toString(key.id()),
                    key.name(),
                    key.words(),
                    state(key),
                    key.endsAt() == null ? "never" : Plain.time(key.endsAt()),
                    Plain.time(key.usedAt()),
                    Plain.time(key.createdAt()),
                    key.createdBy()));
            output.table(table, "No keys.");
            if (next != null) {
                output.say("There may be more: --before " + next + " goes on.");
            }
            return ExitCode.DONE;
        }
    }

    private static Table.Cell state(ApiKey key) {
        return switch (key.state()) {
            case HOLDS -> Table.cell(Style.GOOD, "holds");
            case EXPIRED -> Table.cell(Style.WARN, "expired");
            case REVOKED -> Table.cell(Style.FAINT, "revoked");
        };
    }

    static JsonObject json(ApiKey key) {
        return new JsonObject()
                .with("id", key.id())
                .with("name", key.name())
                .with("scopes", key.scopes().stream().sorted().toList())
                .with("created_at", key.createdAt())
                .with("created_by", key.createdBy())
                .with("expires_at", key.endsAt())
                .with("used_at", key.usedAt())
                .with("revoked_at", key.revokedAt());
    }
}

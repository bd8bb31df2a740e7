package dev.tidemill.cli.access;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.server.access.User;
import dev.tidemill.server.program.ExitCode;
import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill users list}. */
@Command(name = "list", header = "Lists the server's users by name.")
final class ListUsers implements Callable<Integer> {
    @Mixin
    private PageLength length = new PageLength(100);

    @Option(names = "--after", paramLabel = "NAME", defaultValue = "", description = "Go on after this one.")
    private String after = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws SQLException {
        int limit = length.checked(output);
        try (AccessTables to = AccessTables.open(database, output)) {
            List<User> users = to.accounts().users(after, limit);
            String next = users.size() == limit ? users.getLast().name() : null;
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("users", users.stream().map(ListUsers::json).toList())
                        .with("next_after", next));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.text("NAME"),
                    Column.text("ROLE"),
                    Column.text("STATE"),
                    Column.text("CREATED"),
                    Column.text("PASSWORD SET"),
                    Column.text("LAST LOG-IN"));
            users.forEach(user -> table.row(
                    user.name(),
                    user.role().word(),
                    user.disabled() ? Table.cell(Style.BAD, "disabled") : Table.cell(Style.GOOD, "enabled"),
                    Plain.time(user.createdAt()),
                    Plain.time(user.passwordAt()),
                    Plain.time(user.loginAt())));
            output.table(table, "No users.");
            if (next != null) {
                output.say("There may be more: --after " + next + " goes on.");
            }
            return ExitCode.DONE;
        }
    }

    static JsonObject json(User user) {
        return new JsonObject()
                .with("name", user.name())
                .with("role", user.role())
                .with("disabled", user.disabled())
                .with("created_at", user.createdAt())
                .with("password_at", user.passwordAt())
                .with("login_at", user.loginAt());
    }
}

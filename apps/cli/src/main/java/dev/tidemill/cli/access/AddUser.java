package dev.tidemill.cli.access;

import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.server.access.Role;
import dev.tidemill.server.access.User;
import dev.tidemill.server.program.ExitCode;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill users add}. */
@Command(
        name = "add",
        header = "Adds a user of the server.",
        description = {"", "The password is asked for, or read from a file: 12 to 200 characters."})
final class AddUser implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "What they log in with; kept in lower case.")
    private String name = "";

    @Option(
            names = "--role",
            paramLabel = "ROLE",
            required = true,
            description = "viewer looks, operator also enqueues and steers, admin does everything.")
    private Role role = Role.VIEWER;

    @Mixin
    private NewPassword password = new NewPassword();

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws SQLException {
        try (AccessTables to = AccessTables.open(database, output)) {
            User user = to.accounts().addUser(name, password.read(output), role, asker.by());
            if (output.isJson()) {
                output.json(ListUsers.json(user));
            } else {
                output.say("User " + user.name() + " is added as " + user.role().word() + ".");
            }
            return ExitCode.DONE;
        }
    }
}

package dev.tidemill.cli.access;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.server.access.Role;
import dev.tidemill.server.program.ExitCode;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill users role}. */
@Command(name = "role", header = "Gives a user another role.")
final class SetRole implements Callable<Integer> {
    @Parameters(index = "0", paramLabel = "NAME", description = "The user.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "ROLE", description = "viewer, operator or admin.")
    private Role role = Role.VIEWER;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws SQLException {
        try (AccessTables to = AccessTables.open(database, output)) {
            boolean changed = to.accounts().setRole(name, role, asker.by());
            if (output.isJson()) {
                output.json(
                        new JsonObject().with("name", name).with("role", role).with("changed", changed));
            } else {
                output.say("User " + name + (changed ? " is now " : " was before ") + role.word() + ".");
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

package dev.tidemill.cli.access;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.server.program.ExitCode;
import java.sql.SQLException;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill users passwd}. */
@Command(
        name = "passwd",
        header = "Gives a user another password, and logs them out everywhere.",
        description = {"", "The password is asked for, or read from a file: 12 to 200 characters."})
final class SetPassword implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The user.")
    private String name = "";

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
            to.accounts().setPassword(name, password.read(output), asker.by());
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("changed", true));
            } else {
                output.say("User " + name + " has another password, and is logged out.");
            }
            return ExitCode.DONE;
        }
    }
}

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
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill users disable}. */
@Command(name = "disable", header = "Keeps a user out and logs them out everywhere, or lets them in again.")
final class DisableUser implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The user.")
    private String name = "";

    @Option(names = "--undo", description = "Let them in again.")
    private boolean undo;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws SQLException {
        try (AccessTables to = AccessTables.open(database, output)) {
            boolean changed = to.accounts().setDisabled(name, !undo, asker.by());
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("name", name)
                        .with("disabled", !undo)
                        .with("changed", changed));
            } else {
                output.say("User " + name + (changed ? " is " : " was ") + (undo ? "enabled" : "disabled")
                        + (changed ? "." : " before."));
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

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

/** {@code tidemill keys revoke}. */
@Command(name = "revoke", header = "Revokes an API key, for good.")
final class RevokeKey implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The key.")
    private String name = "";

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws SQLException {
        try (AccessTables to = AccessTables.open(database, output)) {
            boolean changed = to.accounts().revokeKey(name, asker.by());
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("changed", changed));
            } else {
                output.say(changed ? "Key " + name + " is revoked." : "There is no key '" + name + "' that holds.");
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

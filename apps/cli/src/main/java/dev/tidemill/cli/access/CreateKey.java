package dev.tidemill.cli.access;

import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Span;
import dev.tidemill.server.access.NewKey;
import dev.tidemill.server.http.Permission;
import dev.tidemill.server.program.ExitCode;
import java.sql.SQLException;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill keys create}. */
@Command(
        name = "create",
        header = "Makes an API key and prints its secret, this once.",
        description = {"", "Only a digest of it is kept. Programs send it as 'Authorization: Bearer SECRET'."})
final class CreateKey implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "What it is for; the audit trail has it.")
    private String name = "";

    @Option(
            names = "--scope",
            paramLabel = "SCOPE",
            split = ",",
            required = true,
            description = "What it may do: read, enqueue, work, operate, admin; several with commas.")
    private List<Permission> scopes = List.of();

    @Option(
            names = "--valid-for",
            paramLabel = "TIME",
            converter = Span.class,
            description = "How long it holds: 12h, 90d; 1m to 3653d. Default: until it is revoked.")
    private @Nullable Duration validity;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() throws SQLException {
        try (AccessTables to = AccessTables.open(database, output)) {
            NewKey made = to.accounts().createKey(name, EnumSet.copyOf(scopes), validity, asker.by());
            if (output.isJson()) {
                output.json(ListKeys.json(made.key()).with("secret", made.secret()));
            } else {
                output.err().println("Key " + name + " is made. Keep its secret; it is not shown again:");
                output.say(made.secret());
            }
            return ExitCode.DONE;
        }
    }
}

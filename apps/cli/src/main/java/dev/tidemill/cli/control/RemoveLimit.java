package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.jobs.Limit;
import dev.tidemill.server.program.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill limits remove}. */
@Command(name = "remove", header = "Takes a limit away; what it held back becomes ready.")
final class RemoveLimit implements Callable<Integer> {
    @Mixin
    private LimitTarget target = new LimitTarget();

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        Limit limit = target.limit();
        try (Connected to = database.open(output)) {
            boolean changed = to.mill().limits().by(asker.by()).remove(limit);
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("scope", limit.scope())
                        .with("name", limit.name())
                        .with("per_key", limit.perKey())
                        .with("changed", changed));
            } else {
                output.say(
                        changed
                                ? "The limit on " + target.said() + " is gone."
                                : "There is no limit on " + target.said() + ".");
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.server.program.ExitCode;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill breakers close}. */
@Command(name = "close", header = "Closes a breaker, whoever opened it.")
final class CloseBreaker implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "The breaker.")
    private String name = "";

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            boolean changed = to.mill().breakers().close(name, asker.by());
            if (output.isJson()) {
                output.json(new JsonObject().with("name", name).with("changed", changed));
            } else {
                output.say("Breaker " + name + (changed ? " is closed." : " was closed."));
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }
}

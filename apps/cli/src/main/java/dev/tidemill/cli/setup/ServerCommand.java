package dev.tidemill.cli.setup;

import dev.tidemill.server.ServerMain;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Unmatched;

/** {@code tidemill server}: hands all its arguments to that program, which ends this one. */
@Command(name = "server", header = "Starts the server: HTTP API and dashboard. 'server --help' says how.")
final class ServerCommand implements Callable<Integer> {
    @Unmatched
    private List<String> arguments = List.of();

    @Override
    public Integer call() {
        ServerMain.main(arguments.toArray(String[]::new));
        return 0;
    }
}

package dev.tidemill.bench;

import picocli.CommandLine.Command;

/** {@code tidemill bench http}. */
@Command(
        name = "http",
        mixinStandardHelpOptions = true,
        description = {
            "Measures the server: 2,000 requests a second over 1,000 and 5,000 connections, in an open load, on the"
                    + " machine that also runs the database and the load; then how many it takes.",
            "Takes about four minutes. Run it on an otherwise idle machine; it needs 12,000 open files (ulimit -n)."
        })
final class HttpCommand extends ServerCommand {
    @Override
    Figures measure(Rig rig, String launcher) {
        return new HttpBench(rig, launcher).run();
    }
}

package dev.tidemill.embedded;

import java.nio.file.Path;

/** A program of its own that holds a folder until its input ends or it is told off by a signal. */
final class Holder {
    private Holder() {}

    /** Starts on the folder in the first argument; says port and pid, or why not. */
    public static void main(String[] arguments) throws Exception {
        try {
            EmbeddedPostgres postgres =
                    EmbeddedPostgres.builder().dataFolder(Path.of(arguments[0])).start();
            System.out.println("started " + postgres.port() + " " + postgres.pid());
            System.in.read();
        } catch (EmbeddedPostgresException e) {
            System.out.println(e.problem() + " " + e.getMessage());
        }
    }
}

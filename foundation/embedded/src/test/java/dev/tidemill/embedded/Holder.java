package dev.tidemill.embedded;

import java.nio.file.Path;

/** A program of its own that holds a folder until its input ends or it is told off by a signal. */
final class Holder {
    private Holder() {}

    /** Starts on the folder in the first argument, or on a temporary one; says port, pid and folder, or why not. */
    public static void main(String[] arguments) throws Exception {
        try {
            EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder();
            if (arguments.length > 0) {
                builder.dataFolder(Path.of(arguments[0]));
            }
            EmbeddedPostgres postgres = builder.start();
            System.out.println("started " + postgres.port() + " " + postgres.pid() + " " + postgres.dataFolder());
            System.in.read();
        } catch (EmbeddedPostgresException e) {
            System.out.println(e.problem() + " " + e.getMessage());
        }
    }
}

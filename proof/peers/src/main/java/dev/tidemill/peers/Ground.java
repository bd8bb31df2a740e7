package dev.tidemill.peers;

import dev.tidemill.bench.Target;
import java.util.concurrent.atomic.AtomicInteger;

/** Where one measurement's jobs are kept: a fresh database, gone afterwards. */
interface Ground extends AutoCloseable {
    /** Its address, with user and password. */
    String url();

    @Override
    void close();

    /** A database beside the others on a server, after a checkpoint, so that nobody pays for what was before. */
    static Ground database(Target server) {
        String name = "tidemill_peers_" + Counter.NEXT.incrementAndGet() + "_" + Long.toString(System.nanoTime(), 36);
        server.execute("create database " + name);
        server.execute("checkpoint");
        String url = server.url().replaceFirst("^(jdbc:postgresql://[^/]+/)[^?]*", "$1" + name);
        return new Ground() {
            @Override
            public String url() {
                return url;
            }

            @Override
            public void close() {
                server.execute("drop database " + name + " with (force)");
            }
        };
    }

    /** Numbers the databases. */
    final class Counter {
        private static final AtomicInteger NEXT = new AtomicInteger();

        private Counter() {}
    }
}

package dev.tidemill.chaos;

import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A place for a worker: one process after the other sits in it, behind a network of its own. Who does something to it
 * holds its {@link #turn}.
 */
final class Seat implements AutoCloseable {
    private static final int CONCURRENCY = 12;

    private static final Duration PATIENCE = Duration.ofSeconds(90);

    final ReentrantLock turn = new ReentrantLock();
    private final String name;
    private final Site site;
    private final Relay relay;
    private final Path log;
    private WorkerProcess process;

    Seat(String name, Site site, Path logs) {
        this.name = name;
        this.relay = new Relay(site.host(), site.port());
        this.site = site.through(relay.port());
        this.log = logs.resolve(name + ".log");
        this.process = launch();
    }

    private WorkerProcess launch() {
        return WorkerProcess.launch(
                site, name, Pace.BRISK, CONCURRENCY, LoadDuties.class, Redirect.appendTo(log.toFile()));
    }

    /** The worker's name, which its sessions carry too. */
    String name() {
        return name;
    }

    Relay relay() {
        return relay;
    }

    WorkerProcess process() {
        return process;
    }

    /** Starts a process if none is there, and does not wait for it. */
    void seat() {
        if (!process.isAlive()) {
            process.close();
            process = launch();
        }
    }

    /** Makes a worker that was hit whole again: its network passes, and a process is there and works. */
    void heal() {
        relay.resume();
        awaitReady();
    }

    /** Until the worker works; one that found no database when it started has ended, and another one takes its seat. */
    void awaitReady() {
        Waiting.until(name + " works", PATIENCE, () -> {
            seat();
            return process.hasSaid("ready");
        });
    }

    /** What keeps programs running does this: starts one that has ended by itself. Passes over one that is being hit. */
    void supervise() {
        if (turn.tryLock()) {
            try {
                seat();
            } finally {
                turn.unlock();
            }
        }
    }

    @Override
    public void close() {
        process.close();
        relay.close();
    }
}

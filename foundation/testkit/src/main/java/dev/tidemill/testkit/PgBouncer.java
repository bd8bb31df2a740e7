package dev.tidemill.testkit;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The system's PgBouncer in transaction mode in front of a test's server, with few connections to it. Tests that use it
 * carry the tag {@code pgbouncer}.
 */
public final class PgBouncer implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(20);
    private static final Duration PAUSE = Duration.ofMillis(20);

    private final TestDatabase database;
    private final Path folder;
    private final int port;
    private Process process;

    private PgBouncer(TestDatabase database, Path folder, int port, Process process) {
        this.database = database;
        this.folder = folder;
        this.port = port;
        this.process = process;
    }

    /**
     * Starts one on a free port.
     *
     * @param sessions connections to the server, which all clients share
     */
    public static PgBouncer start(TestDatabase database, int sessions) throws IOException {
        Path folder = Files.createTempDirectory("pgbouncer");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        URI server = URI.create(database.jdbcUrl().substring("jdbc:".length()));
        Path settings = folder.resolve("pgbouncer.ini");
        Files.writeString(settings, """
                [databases]
                pooled = host=%s port=%d dbname=%s user=%s password='%s'
                [pgbouncer]
                listen_addr = 127.0.0.1
                listen_port = %d
                unix_socket_dir =
                auth_type = any
                pool_mode = transaction
                default_pool_size = %d
                max_client_conn = 200
                ignore_startup_parameters = extra_float_digits
                """.formatted(
                        server.getHost(),
                        server.getPort(),
                        server.getPath().substring(1),
                        database.user(),
                        database.password(),
                        port,
                        sessions));
        Files.setPosixFilePermissions(settings, PosixFilePermissions.fromString("rw-r--r--"));
        PgBouncer bouncer = new PgBouncer(database, folder, port, run(folder));
        bouncer.awaitOpen();
        return bouncer;
    }

    private static Process run(Path folder) throws IOException {
        List<String> command = new ArrayList<>(List.of(program()));
        if (System.getProperty("user.name").equals("root")) {
            command.addAll(List.of("-u", "nobody"));
        }
        command.add(folder.resolve("pgbouncer.ini").toString());
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("log").toFile())
                .start();
    }

    private static String program() {
        return Stream.of(
                        "/usr/sbin/pgbouncer",
                        "/usr/bin/pgbouncer",
                        "/usr/local/sbin/pgbouncer",
                        "/opt/homebrew/bin/pgbouncer")
                .filter(path -> Files.isExecutable(Path.of(path)))
                .findFirst()
                .orElse("pgbouncer");
    }

    private void awaitOpen() throws IOException {
        long end = System.nanoTime() + SOON.toNanos();
        while (!isOpen()) {
            if (System.nanoTime() > end) {
                throw new IOException("PgBouncer did not open its port within " + SOON + ":\n"
                        + Files.readString(folder.resolve("log")));
            }
            LockSupport.parkNanos(PAUSE.toNanos());
        }
    }

    private boolean isOpen() {
        try (Socket open = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return open.isConnected();
        } catch (IOException refused) {
            return false;
        }
    }

    /** What an application would have: the driver itself prepares COMMIT, if nobody keeps it from that. */
    public DataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl("jdbc:postgresql://127.0.0.1:" + port + "/pooled?prepareThreshold=0");
        source.setUser(database.user());
        return source;
    }

    /** Ends it as a crash would. */
    public void kill() {
        process.destroyForcibly().onExit().join();
    }

    /** Starts it again, on the same port. */
    public void startAgain() throws IOException {
        process = run(folder);
        awaitOpen();
    }

    @Override
    public void close() throws IOException {
        kill();
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(folder);
    }
}

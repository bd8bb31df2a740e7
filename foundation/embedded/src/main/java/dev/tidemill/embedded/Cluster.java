package dev.tidemill.embedded;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * PostgreSQL on one data folder: made, started, stopped and killed by its own programs.
 *
 * <p>The server is started through {@code pg_ctl}, which puts it into a session of its own: a Ctrl-C in the terminal
 * goes to the application alone, which can then finish its work before it stops the database. The price is that the
 * server is nobody's child: after a SIGKILL of the application it runs on, until the next start on its folder finds it
 * and stops it.
 */
final class Cluster {
    private static final Logger LOG = LoggerFactory.getLogger(Cluster.class);

    /** Long, because a start after a crash first replays up to max_wal_size of log. */
    private static final Duration START_LIMIT = Duration.ofMinutes(3);

    private static final Duration FAST_STOP_LIMIT = Duration.ofSeconds(60);
    private static final Duration HARD_STOP_LIMIT = Duration.ofSeconds(10);
    private static final Duration LOOK_EVERY = Duration.ofMillis(5);
    private static final int LOG_TAIL_CHARS = 1_500;

    private final Binaries binaries;
    private final DataFolder folder;
    private final Account account;

    Cluster(Binaries binaries, DataFolder folder, Account account) {
        this.binaries = binaries;
        this.folder = folder;
        this.account = account;
    }

    /** Creates the cluster where there is none, and refuses one of another major version. */
    void prepare() throws IOException {
        if (folder.majorVersion().isEmpty()) {
            create();
        }
        int written = folder.majorVersion().orElseThrow();
        if (written != binaries.majorVersion()) {
            throw new EmbeddedPostgresException(
                    Problem.OTHER_VERSION,
                    "The data folder " + folder.path() + " was written by PostgreSQL " + written
                            + ", and these binaries are " + binaries.version()
                            + ": PostgreSQL reads only its own major version. Start it with PostgreSQL " + written
                            + " binaries (binaries(..)), dump it there and restore it into a new folder, or choose"
                            + " another folder.");
        }
    }

    private void create() throws IOException {
        Path draft = folder.path().resolve("pgdata.new");
        Folders.deleteTree(draft);
        folder.password();
        giveToAccount();
        List<String> command = account.command(
                binaries.program("initdb"),
                "--pgdata=" + draft,
                "--username=postgres",
                "--auth=scram-sha-256",
                "--pwfile=" + folder.passwordFile(),
                "--no-locale",
                "--encoding=UTF8",
                "--no-instructions");
        if (folder.isTemporary()) {
            command.add("--no-sync");
        }
        Command.Result result = Command.run(command, folder.path());
        if (result.exitCode() != 0) {
            throw new EmbeddedPostgresException(
                    Problem.DID_NOT_START,
                    "PostgreSQL could not make its files in " + folder.path() + ": " + result.output());
        }
        Files.writeString(
                draft.resolve("postgresql.conf"),
                "\ninclude_if_exists = '../tidemill.conf'\n",
                StandardOpenOption.APPEND);
        Files.move(draft, folder.cluster(), StandardCopyOption.ATOMIC_MOVE);
    }

    private void giveToAccount() throws IOException {
        account.own(folder.path());
        if (!account.canReach(folder.path())) {
            throw new EmbeddedPostgresException(
                    Problem.FOLDER_UNUSABLE,
                    "The data folder " + folder.path() + " cannot be used: this program runs as root, PostgreSQL must"
                            + " therefore run as nobody (" + account.prefix().getFirst() + "), and a folder above it is"
                            + " closed to that account. Choose a folder below one that everybody may enter.");
        }
    }

    /** Stops a server of an earlier start that outlived its application. */
    void stopOrphan() throws IOException {
        Optional<Postmaster> left = Postmaster.read(folder.cluster());
        if (left.isPresent() && left.get().isAlive()) {
            LOG.warn(
                    "Stopping the PostgreSQL (pid {}) that an earlier program left running on {}",
                    left.get().pid(),
                    folder.path());
            stop(left.get());
        }
        // Of a dead server, or its process id is another program's by now: PostgreSQL would refuse to start beside it.
        Files.deleteIfExists(Postmaster.file(folder.cluster()));
    }

    /** Starts the server on that port and waits until it accepts connections. */
    Postmaster start(int port, Settings settings) throws IOException {
        long deadline = System.nanoTime() + START_LIMIT.toNanos();
        while (true) {
            Files.writeString(folder.path().resolve("tidemill.conf"), settings.render(port));
            folder.prepareLog();
            giveToAccount();
            long logged = Files.size(folder.log());
            Optional<Postmaster> started = launchOrLeaveNothing(deadline);
            if (started.isPresent()) {
                return started.get();
            }
            String said = logSince(logged);
            if (said.contains("could not bind IPv4 address")) {
                throw portTaken(port);
            }
            // The last server was killed, and its workers have not noticed yet; they will within moments.
            boolean workersLeft = said.contains("is still in use");
            if (!workersLeft || System.nanoTime() > deadline) {
                throw new EmbeddedPostgresException(
                        Problem.DID_NOT_START,
                        "PostgreSQL " + binaries.version() + " did not start on " + folder.path()
                                + ". The end of its log (" + folder.log() + "):\n" + said);
            }
            pause();
        }
    }

    static EmbeddedPostgresException portTaken(int port) {
        return new EmbeddedPostgresException(
                Problem.PORT_TAKEN,
                "Port " + port + " on 127.0.0.1 is taken by another program: choose another one, or 0 for a free one.");
    }

    private Optional<Postmaster> launchOrLeaveNothing(long deadline) throws IOException {
        try {
            Optional<Postmaster> ready = launch(deadline);
            if (ready.isEmpty()) {
                killWhatRuns();
            }
            return ready;
        } catch (InterruptedIOException e) {
            killWhatRuns();
            throw e;
        }
    }

    private void killWhatRuns() throws IOException {
        Optional<Postmaster> halfStarted = Postmaster.read(folder.cluster());
        if (halfStarted.isPresent()) {
            kill(halfStarted.get());
        }
    }

    private Optional<Postmaster> launch(long deadline) throws IOException {
        List<String> command = account.command(
                binaries.program("pg_ctl"),
                "start",
                "--wait",
                "--timeout=" + START_LIMIT.toSeconds(),
                "--log=" + folder.path().relativize(folder.log()));
        ProcessBuilder builder = Command.prepare(command, folder.path());
        // By the environment, because pg_ctl passes an option on through a shell, where some names would break it.
        builder.environment().put("PGDATA", folder.cluster().toString());
        builder.redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(folder.log().toFile()));
        Process starter = builder.start();
        starter.getOutputStream().close();
        while (System.nanoTime() < deadline) {
            // In this order: what the file says after the starter's end is final.
            boolean ended = !starter.isAlive();
            Optional<Postmaster> postmaster = Postmaster.read(folder.cluster());
            if (postmaster.isPresent() && postmaster.get().ready()) {
                return postmaster;
            }
            if (ended) {
                return Optional.empty();
            }
            pause();
        }
        starter.destroyForcibly();
        return Optional.empty();
    }

    /** Stops the server in PostgreSQL's fast mode: sessions are ended, transactions rolled back, a checkpoint written. */
    void stop(Postmaster postmaster) throws IOException {
        Optional<ProcessHandle> process = ProcessHandle.of(postmaster.pid());
        if (process.isEmpty() || !postmaster.isAlive()) {
            return;
        }
        signal(postmaster, "INT");
        if (endsWithin(process.get(), FAST_STOP_LIMIT)) {
            return;
        }
        LOG.warn(
                "PostgreSQL (pid {}) did not stop within {}; ending it without a checkpoint, the next start recovers",
                postmaster.pid(),
                FAST_STOP_LIMIT);
        signal(postmaster, "QUIT");
        if (!endsWithin(process.get(), HARD_STOP_LIMIT)) {
            kill(postmaster);
        }
    }

    private void signal(Postmaster postmaster, String signal) throws IOException {
        Command.run(
                account.command(binaries.program("pg_ctl"), "kill", signal, Long.toString(postmaster.pid())),
                folder.path());
    }

    /** Ends the server and all its workers at once, as a crash would; what was committed is on disk. */
    static void kill(Postmaster postmaster) throws IOException {
        Optional<ProcessHandle> main = ProcessHandle.of(postmaster.pid());
        if (main.isEmpty() || !postmaster.isAlive()) {
            return;
        }
        List<ProcessHandle> all = new ArrayList<>(List.of(main.get()));
        main.get().descendants().forEach(all::add);
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle process : all) {
            endsWithin(process, HARD_STOP_LIMIT);
        }
    }

    private static boolean endsWithin(ProcessHandle process, Duration limit) throws InterruptedIOException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!Postmaster.hasEnded(process)) {
            if (System.nanoTime() > deadline) {
                return false;
            }
            pause();
        }
        return true;
    }

    private String logSince(long position) throws IOException {
        byte[] all = Files.readAllBytes(folder.log());
        int from = (int) Math.min(position, all.length);
        String said = new String(all, from, all.length - from, StandardCharsets.UTF_8).strip();
        return said.substring(Math.max(0, said.length() - LOG_TAIL_CHARS));
    }

    private static void pause() throws InterruptedIOException {
        try {
            Thread.sleep(LOOK_EVERY);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("Interrupted while PostgreSQL starts or stops");
        }
    }
}

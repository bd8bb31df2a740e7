package dev.tidemill.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Starts, stops, crashes, and the folder over all of them. */
class LifecycleTest {
    @TempDir
    Path folder;

    private EmbeddedPostgres start() {
        return EmbeddedPostgres.builder().dataFolder(folder).start();
    }

    @Test
    void keepsDataPasswordAndPortOverARestart() throws Exception {
        int port;
        String password;
        try (EmbeddedPostgres first = start()) {
            port = first.port();
            password = first.password();
            Sql.run(first, "CREATE TABLE kept AS SELECT 42 AS answer");
        }

        try (EmbeddedPostgres second = start()) {
            assertThat(Sql.ask(second, "SELECT answer FROM kept")).isEqualTo("42");
            assertThat(second.port()).isEqualTo(port);
            assertThat(second.password()).isEqualTo(password);
        }
    }

    @Test
    void takesAnotherPortWhenItsLastOneIsTaken() throws Exception {
        EmbeddedPostgres first = start();
        int port = first.port();
        first.stop();

        try (ServerSocket other = new ServerSocket()) {
            other.bind(new InetSocketAddress(Ports.LOOPBACK, port));
            try (EmbeddedPostgres second = start()) {
                assertThat(second.port()).isNotEqualTo(port);
                assertThat(Sql.ask(second, "SELECT 1")).isEqualTo("1");
            }
        }
    }

    @Test
    void listensOnThePortThatWasGiven() throws Exception {
        int free = Ports.pickFree();

        try (EmbeddedPostgres postgres =
                EmbeddedPostgres.builder().dataFolder(folder).port(free).start()) {
            assertThat(postgres.port()).isEqualTo(free);
            assertThat(Sql.ask(postgres, "SELECT inet_server_port()")).isEqualTo(Integer.toString(free));
        }
    }

    @Test
    void deletesATemporaryFolderAtTheStop() {
        EmbeddedPostgres postgres = EmbeddedPostgres.builder().start();
        assertThat(postgres.dataFolder()).isDirectory();

        postgres.stop();

        assertThat(postgres.dataFolder()).doesNotExist();
    }

    @Test
    void stopsOnceHoweverOftenItIsAsked() {
        EmbeddedPostgres postgres = start();
        ProcessHandle process = ProcessHandle.of(postgres.pid()).orElseThrow();

        postgres.stop();
        postgres.stop();
        postgres.close();

        assertThat(Postmaster.hasEnded(process)).isTrue();
    }

    @Test
    void stopsAlsoWhereASessionIsOpenAndTheThreadInterrupted() throws Exception {
        EmbeddedPostgres postgres = start();
        ProcessHandle process = ProcessHandle.of(postgres.pid()).orElseThrow();
        try (Connection open = Sql.connect(postgres)) {
            open.setAutoCommit(false);
            Sql.ask(open, "SELECT 1");
            Thread.currentThread().interrupt();

            postgres.stop();

            assertThat(Thread.interrupted()).isTrue();
            assertThat(Postmaster.hasEnded(process)).isTrue();
        }
    }

    @Test
    void keepsEveryCommitOverAKillAndRestartsOnTheSamePort() throws Exception {
        try (EmbeddedPostgres postgres = start()) {
            int port = postgres.port();
            Sql.run(postgres, "CREATE TABLE kept AS SELECT n FROM generate_series(1, 1000) n");
            postgres.kill();
            assertThatExceptionOfType(SQLException.class).isThrownBy(() -> Sql.connect(postgres));

            postgres.restart();

            assertThat(postgres.port()).isEqualTo(port);
            assertThat(Sql.ask(postgres, "SELECT count(*) FROM kept")).isEqualTo("1000");
            assertThat(Files.readString(folder.resolve("postgres.log"))).contains("was not properly shut down");
        }
    }

    @Test
    void restartsARunningServerWithoutACrash() throws Exception {
        try (EmbeddedPostgres postgres = start()) {
            long first = postgres.pid();

            postgres.restart();

            assertThat(postgres.pid()).isNotEqualTo(first);
            assertThat(Files.readString(folder.resolve("postgres.log"))).doesNotContain("was not properly shut down");
        }
    }

    @Test
    void hasNoPidWhenKilledAndNoRestartWhenStopped() {
        EmbeddedPostgres postgres = start();
        postgres.kill();
        assertThatExceptionOfType(EmbeddedPostgresException.class)
                .isThrownBy(postgres::pid)
                .withMessageContaining(folder.toString());
        postgres.stop();

        assertThatExceptionOfType(EmbeddedPostgresException.class)
                .isThrownBy(postgres::restart)
                .withMessageContaining("start a new one")
                .extracting(EmbeddedPostgresException::problem)
                .isEqualTo(Problem.WRONG_STATE);
    }

    @Test
    void startsOverWhereTheFirstStartWasCutShort() throws Exception {
        Files.createDirectories(folder.resolve("pgdata.new").resolve("base"));
        Files.writeString(folder.resolve("pgdata.new").resolve("PG_VERSION"), "18\n");

        try (EmbeddedPostgres postgres = start()) {
            assertThat(Sql.ask(postgres, "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void startsWhereADeadServersProcessIdIsAnotherPrograms() throws Exception {
        start().stop();
        List<String> left = List.of(Long.toString(ProcessHandle.current().pid()), folder.toString(), "0");
        Files.write(folder.resolve("pgdata").resolve("postmaster.pid"), left);

        try (EmbeddedPostgres postgres = start()) {
            assertThat(Sql.ask(postgres, "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void startsInAFolderWhoseNameAShellWouldMistake() throws Exception {
        Path strange = folder.resolve("a b'c\"d $HOME `x`;");

        try (EmbeddedPostgres postgres =
                EmbeddedPostgres.builder().dataFolder(strange).start()) {
            assertThat(Sql.ask(postgres, "SELECT 1")).isEqualTo("1");
        }
    }

    static List<Account> accounts() {
        return Account.usable();
    }

    @ParameterizedTest
    @MethodSource("accounts")
    void runsAsEveryAccountThatThisMachineAllows(Account account) throws Exception {
        try (EmbeddedPostgres postgres =
                EmbeddedPostgres.builder().account(account).start()) {
            Sql.run(postgres, "CREATE TABLE kept AS SELECT 1 AS n");
            postgres.kill();
            postgres.restart();

            assertThat(Sql.ask(postgres, "SELECT n FROM kept")).isEqualTo("1");
        }
    }

    @Test
    void movesAFolderFromOneAccountToAnother() throws Exception {
        Folders.openToReaders(folder);
        for (Account account : Account.usable()) {
            try (EmbeddedPostgres postgres = EmbeddedPostgres.builder()
                    .dataFolder(Files.createDirectories(folder.resolve("moved")))
                    .account(account)
                    .start()) {
                Sql.run(postgres, "CREATE TABLE IF NOT EXISTS kept (n int)");
                Sql.run(postgres, "INSERT INTO kept VALUES (1)");
            }
        }
        try (EmbeddedPostgres postgres =
                EmbeddedPostgres.builder().dataFolder(folder.resolve("moved")).start()) {
            assertThat(Sql.ask(postgres, "SELECT count(*) FROM kept"))
                    .isEqualTo(Integer.toString(Account.usable().size()));
        }
    }

    @ParameterizedTest
    @MethodSource("accounts")
    void onlyAnotherAccountIsKeptOutByAClosedFolderAbove(Account account) throws Exception {
        Path below = Files.createDirectories(folder.resolve("below"));
        account.own(below);

        assertThat(account.canReach(below)).isEqualTo(!account.equals(Account.NOBODY_BY_SETPRIV));
    }
}

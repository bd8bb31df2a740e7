package dev.tidemill.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Another program that holds the folder: respected while it lives, cleaned up after when it is gone. */
class TwoProcessesTest {
    @TempDir
    Path folder;

    /** That program, and the line it answered with. */
    private record Program(Process process, String answer) implements AutoCloseable {
        static Program holding(Path folder) throws IOException {
            return start("-Dunused", folder.toString());
        }

        static Program inATemporaryFolderOf(Path all) throws IOException {
            return start("-Djava.io.tmpdir=" + all);
        }

        private static Program start(String property, String... arguments) throws IOException {
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    property,
                    "-cp",
                    System.getProperty("java.class.path"),
                    Holder.class.getName()));
            command.addAll(List.of(arguments));
            Process process = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            return new Program(process, process.inputReader().readLine());
        }

        Path folder() {
            return Path.of(answer.split(" ", -1)[3]);
        }

        int port() {
            return Integer.parseInt(answer.split(" ", -1)[1]);
        }

        ProcessHandle server() {
            return ProcessHandle.of(Long.parseLong(answer.split(" ", -1)[2])).orElseThrow();
        }

        void kill() {
            process.destroyForcibly().onExit().join();
        }

        @Override
        public void close() {
            kill();
        }
    }

    @AfterEach
    void stopWhatAKilledProgramLeft() {
        EmbeddedPostgres.builder().dataFolder(folder).start().stop();
    }

    @Test
    void theMessageNamesTheFolderAndTheProcessThatHoldsIt() throws Exception {
        try (Program other = Program.holding(folder)) {
            assertThat(other.answer()).startsWith("started ");

            assertThatExceptionOfType(EmbeddedPostgresException.class)
                    .isThrownBy(
                            () -> EmbeddedPostgres.builder().dataFolder(folder).start())
                    .withMessageContaining(folder.toString())
                    .withMessageContaining(
                            "in use by process " + other.process().pid());
        }
    }

    @Test
    void anotherProgramIsToldOfUs() throws Exception {
        try (EmbeddedPostgres ours =
                        EmbeddedPostgres.builder().dataFolder(folder).start();
                Program other = Program.holding(folder)) {
            assertThat(other.answer())
                    .startsWith("FOLDER_IN_USE ")
                    .contains(
                            folder.toString(),
                            "process " + ProcessHandle.current().pid());
            assertThat(Sql.ask(ours, "SELECT 1")).isEqualTo("1");
        }
    }

    @Test
    void aServerLeftBehindByAKilledProgramIsStoppedAndNothingCommittedIsLost() throws Exception {
        try (Program killed = Program.holding(folder)) {
            ProcessHandle orphan = killed.server();
            String url = "jdbc:postgresql://127.0.0.1:" + killed.port() + "/postgres";
            String password = Files.readString(folder.resolve("password"));
            try (Connection connection = DriverManager.getConnection(url, "postgres", password);
                    Statement statement = connection.createStatement()) {
                statement.execute("CREATE TABLE kept AS SELECT 7 AS n");
            }
            killed.kill();
            assertThat(Postmaster.hasEnded(orphan))
                    .as("the server ends with its killed program")
                    .isFalse();

            try (EmbeddedPostgres next =
                    EmbeddedPostgres.builder().dataFolder(folder).start()) {
                assertThat(Postmaster.hasEnded(orphan)).isTrue();
                assertThat(next.port()).isEqualTo(killed.port());
                assertThat(Sql.ask(next, "SELECT n FROM kept")).isEqualTo("7");
            }
        }
    }

    @Test
    void aServerWhoseMainProcessAndProgramWereKilledRecovers() throws Exception {
        try (Program killed = Program.holding(folder)) {
            // The main process alone: its workers are still there for a moment, and PostgreSQL would refuse a start.
            killed.server().destroyForcibly();
            killed.kill();

            try (EmbeddedPostgres next =
                    EmbeddedPostgres.builder().dataFolder(folder).start()) {
                assertThat(Sql.ask(next, "SELECT 1")).isEqualTo("1");
            }
        }
    }

    @Test
    void ctrlCStopsTheServerWithTheProgram() throws Exception {
        try (Program program = Program.holding(folder)) {
            ProcessHandle server = program.server();

            int sent = new ProcessBuilder(
                            "sh", "-c", "kill -INT " + program.process().pid())
                    .start()
                    .waitFor();

            assertThat(sent).isZero();
            assertThat(program.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
            await().atMost(10, TimeUnit.SECONDS).until(() -> Postmaster.hasEnded(server));
            assertThat(Files.readString(folder.resolve("postgres.log")))
                    .contains("received fast shutdown request", "database system is shut down");
        }
    }

    @Test
    void theTemporaryFolderAndServerOfAKilledProgramAreClearedAway() throws Exception {
        Folders.openToReaders(folder);
        try (Program alive = Program.inATemporaryFolderOf(folder);
                Program killed = Program.inATemporaryFolderOf(folder)) {
            ProcessHandle left = killed.server();
            killed.kill();

            AbandonedFolders.sweepBeside(alive.folder(), Duration.ofHours(1));
            assertThat(killed.folder())
                    .as("one that is too young to be sure of")
                    .isDirectory();
            AbandonedFolders.sweepBeside(alive.folder(), Duration.ofSeconds(-1));

            assertThat(Postmaster.hasEnded(left)).isTrue();
            assertThat(killed.folder()).doesNotExist();
            assertThat(Postmaster.hasEnded(alive.server())).isFalse();
            alive.process().getOutputStream().close();
            assertThat(alive.process().waitFor(30, TimeUnit.SECONDS)).isTrue();
            assertThat(alive.folder()).doesNotExist();
        }
    }
}

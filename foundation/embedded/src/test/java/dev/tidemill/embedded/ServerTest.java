package dev.tidemill.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.embedded.EmbeddedPostgresException.Problem;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a running server is like; one server for all of them. */
class ServerTest {
    private static EmbeddedPostgres postgres;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() {
        postgres = EmbeddedPostgres.builder()
                .setting("work_mem", "7MB")
                .setting("tidemill.note", "it's a back\\slash")
                .start();
    }

    @AfterAll
    static void stop() {
        postgres.stop();
    }

    @ParameterizedTest
    @CsvSource({
        "fsync, on",
        "full_page_writes, on",
        "synchronous_commit, on",
        "listen_addresses, 127.0.0.1",
        "unix_socket_directories, ''",
        "server_encoding, UTF8",
        "log_timezone, UTC",
        "work_mem, 7MB",
        "tidemill.note, it''s a back\\slash"
    })
    void runsWithTheSetting(String name, String value) throws SQLException {
        assertThat(Sql.ask(postgres, "SELECT current_setting('" + name + "')")).isEqualTo(value.replace("''", "'"));
    }

    @Test
    void tellsItsVersionPortAndPid() throws SQLException {
        assertThat(Sql.ask(postgres, "SELECT version()")).startsWith("PostgreSQL " + postgres.version() + " ");
        assertThat(Sql.ask(postgres, "SELECT inet_server_port()")).isEqualTo(Integer.toString(postgres.port()));
        assertThat(ProcessHandle.of(postgres.pid())).isPresent();
    }

    @Test
    void turnsAwayAWrongPassword() {
        assertThatExceptionOfType(SQLException.class)
                .isThrownBy(() -> DriverManager.getConnection(postgres.jdbcUrl(), "postgres", "guess"))
                .withMessageContaining("password authentication failed");
    }

    @Test
    void hasAnAddressThatCarriesThePassword() throws SQLException {
        assertThat(postgres.jdbcUrl()).doesNotContain(postgres.password());
        try (Connection connection = DriverManager.getConnection(postgres.jdbcUrlWithPassword())) {
            assertThat(Sql.ask(connection, "SELECT current_user")).isEqualTo("postgres");
        }
    }

    @Test
    void keepsThePasswordFileFromOtherUsers() throws Exception {
        Path file = postgres.dataFolder().resolve("password");

        assertThat(Files.readString(file)).isEqualTo(postgres.password());
        assertThat(Files.getPosixFilePermissions(file))
                .extracting(Enum::name)
                .containsExactlyInAnyOrder("OWNER_READ", "OWNER_WRITE");
    }

    @Test
    void refusesAPortThatIsTakenAndNamesIt() throws Exception {
        try (ServerSocket other = new ServerSocket()) {
            other.bind(new InetSocketAddress(Ports.LOOPBACK, 0));
            int taken = other.getLocalPort();

            assertThatExceptionOfType(EmbeddedPostgresException.class)
                    .isThrownBy(() -> EmbeddedPostgres.builder()
                            .dataFolder(folder)
                            .port(taken)
                            .start())
                    .withMessageContaining("Port " + taken + " on 127.0.0.1 is taken")
                    .extracting(EmbeddedPostgresException::problem)
                    .isEqualTo(Problem.PORT_TAKEN);
        }
    }

    @Test
    void refusesAPortThatDoesNotExist() {
        assertThatThrownBy(() -> EmbeddedPostgres.builder().port(70_000))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("70000")
                .hasMessageContaining("65535");
    }

    @ParameterizedTest
    @CsvSource({"port", "listen_addresses", "Data_Directory"})
    void refusesASettingThatIsItsOwn(String name) {
        assertThatThrownBy(() -> EmbeddedPostgres.builder().setting(name, "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'" + name + "' belongs to the embedded server");
    }

    @Test
    void refusesASettingThatWouldWriteFurtherLines() {
        assertThatThrownBy(() -> EmbeddedPostgres.builder().setting("work_mem", "1MB\nfsync = off"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("line break");
        assertThatThrownBy(() -> EmbeddedPostgres.builder().setting("work_mem = 1 #", "x"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("not a name");
    }

    @Test
    void showsPostgresOwnWordsWhenItRefusesASetting() {
        assertThatExceptionOfType(EmbeddedPostgresException.class)
                .isThrownBy(() -> EmbeddedPostgres.builder()
                        .dataFolder(folder)
                        .setting("shared_buffers", "lots")
                        .start())
                .withMessageContaining("invalid value for parameter \"shared_buffers\": \"lots\"")
                .extracting(EmbeddedPostgresException::problem)
                .isEqualTo(Problem.DID_NOT_START);
    }
}

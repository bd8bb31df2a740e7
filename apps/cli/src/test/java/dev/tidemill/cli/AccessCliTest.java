package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.CliRun.Answer;
import dev.tidemill.server.access.Accounts;
import dev.tidemill.server.access.Role;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/** The server's users and keys from the command line. */
@ExtendWith(FreshSchema.class)
final class AccessCliTest {
    private static final String PASSWORD = "correct horse battery";

    @TempDir
    private Path folder = Path.of("set by JUnit");

    private final TestDatabase database;
    private final CliRun cli;

    AccessCliTest(TestDatabase database) {
        this.database = database;
        this.cli = new CliRun(database, database.schema());
    }

    @BeforeEach
    void migrate() {
        assertThat(cli.run("migrate").exit()).isZero();
    }

    private void add(String name, String role) {
        Answer added = cli.reading(PASSWORD + "\n")
                .run("users", "add", name, "--role", role, "--new-password-file", "-", "--by", "root");
        assertThat(added.exit()).as(added.err()).isZero();
    }

    @Test
    void usersAreAddedListedChangedAndKeptOut() throws IOException {
        add("boss", "admin");
        add("Ada", "viewer");
        assertThat(cli.run("users").out()).contains("ada   viewer  enabled").contains("boss  admin");
        JsonNode users = cli.run("users", "list", "--json").json().get("users");
        assertThat(users.get(0).get("role").stringValue()).isEqualTo("VIEWER");
        assertThat(users.get(0).get("login_at").isNull()).isTrue();

        assertThat(cli.run("users", "role", "ada", "operator").out()).contains("User ada is now operator.");
        assertThat(cli.run("users", "role", "ada", "operator").exit()).isEqualTo(1);
        Path file = Files.writeString(folder.resolve("password"), "another horse battery\n");
        assertThat(cli.run("users", "passwd", "ada", "--new-password-file", file.toString())
                        .exit())
                .isZero();
        assertThat(cli.run("users", "disable", "ada").out()).contains("User ada is disabled.");
        assertThat(cli.run("users", "disable", "ada").exit()).isEqualTo(1);
        assertThat(new Accounts(database.dataSource(), database.schema())
                        .user("ada")
                        .orElseThrow())
                .matches(user -> user.disabled() && user.role() == Role.OPERATOR);
        assertThat(cli.run("users", "disable", "ada", "--undo").exit()).isZero();
        assertThat(cli.run("users", "disable", "boss"))
                .matches(answer -> answer.exit() == 2 && answer.err().contains("only admin who can log in"));
        assertThat(cli.run("users", "role", "nobody-of-that-name", "admin"))
                .matches(answer -> answer.exit() == 1 && answer.err().contains("NOT_FOUND"));
        assertThat(cli.reading(PASSWORD).run("users", "add", "ada", "--role", "viewer", "--new-password-file", "-"))
                .matches(answer -> answer.exit() == 1 && answer.err().contains("ALREADY_EXISTS"));
        assertThat(cli.run("audit", "--target", "USER ada").out())
                .contains("root: add-user USER ada (viewer)")
                .doesNotContain("horse");
    }

    @Test
    void aKeyIsMadeShownOnceAndRevoked() {
        Answer made = cli.run("keys", "create", "deploy", "--scope", "read,enqueue", "--valid-for", "90d");
        assertThat(made.exit()).as(made.err()).isZero();
        assertThat(made.out().strip()).matches("tdm_\\S{20,}");
        assertThat(made.err())
                .contains("Key deploy is made.")
                .doesNotContain(made.out().strip());
        assertThat(cli.run("keys").out())
                .contains("deploy")
                .contains("read, enqueue")
                .contains("holds")
                .doesNotContain(made.out().strip());
        JsonNode json =
                cli.run("keys", "create", "second", "--scope", "work", "--json").json();
        assertThat(json.get("secret").stringValue()).startsWith("tdm_");
        assertThat(json.get("scopes").get(0).stringValue()).isEqualTo("WORK");
        assertThat(cli.run("keys", "create", "deploy", "--scope", "read"))
                .matches(answer -> answer.exit() == 1 && answer.err().contains("ALREADY_EXISTS"));
        assertThat(cli.run("keys", "revoke", "deploy").out()).contains("Key deploy is revoked.");
        assertThat(cli.run("keys", "revoke", "deploy").exit()).isEqualTo(1);
        assertThat(cli.run("keys", "list", "--json")
                        .json()
                        .get("keys")
                        .get(1)
                        .get("revoked_at")
                        .isNull())
                .isFalse();
    }

    @Test
    void aKeyWhoseTimeIsOverIsExpired() throws SQLException {
        assertThat(cli.run("keys", "create", "brief", "--scope", "read", "--valid-for", "1m")
                        .exit())
                .isZero();
        assertThat(cli.run("keys").out()).containsPattern("brief +read +holds");
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("update " + database.schema() + ".api_key set ends_at = created_at");
        }
        assertThat(cli.run("keys").out())
                .containsPattern("brief +read +expired")
                .doesNotContain("holds");
        assertThat(cli.run("keys", "revoke", "brief").exit()).isZero();
        assertThat(cli.run("keys").out()).containsPattern("brief +read +revoked");
    }

    @Test
    void tablesThatAreNotThereAreNamed() {
        Answer answer = new CliRun(database, database.schema() + "_without").runAsItIs("users", "--schema", "public");
        assertThat(answer.exit()).isEqualTo(3);
        assertThat(answer.err()).contains("'tidemill migrate'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "users add ada --role viewer | give --new-password-file FILE",
                "users add ada --role boss --new-password-file - | boss",
                "users add ada --new-password-file - | --role",
                "users add ada --role viewer --new-password-file /nowhere | cannot be read: there is none",
                "users add ada --role viewer --new-password-file - | 12",
                "users add a/b --role viewer --new-password-file - | cannot be named",
                "users list --limit 0 | between 1 and 1000",
                "keys list --limit 1001 | between 1 and 1000",
                "keys create deploy | --scope",
                "keys create deploy --scope fly | fly",
                "keys create deploy --scope read --valid-for 1s | between a minute and 3653 days",
                "keys create de/ploy --scope read | cannot be named",
            })
    void whatIsWrongIsSaidInALine(String command, String said) {
        Answer answer = cli.run(command.strip().split(" ", -1));
        assertThat(answer.exit()).isEqualTo(2);
        assertThat(answer.out()).isEmpty();
        assertThat(answer.err())
                .startsWith("tidemill: ")
                .contains(said.strip())
                .doesNotContain("Exception")
                .doesNotContain("\tat ");
    }
}

package dev.tidemill.server.push;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.URI;
import java.security.SecureRandom;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What a server reads of the endpoints before it sends. */
@ExtendWith(FreshSchema.class)
final class EndpointBookTest {
    private static Endpoint endpoint(String name) {
        return new Endpoint(
                name,
                URI.create("https://example.com/jobs"),
                Set.of("Kind-" + name),
                Set.of(),
                Map.of(),
                Duration.ofSeconds(5),
                1,
                false,
                Set.of());
    }

    /** As one is seen by whoever reads while it is registered or deleted. */
    @Test
    void anEndpointWithoutASecretIsNotSentTo(TestDatabase database) throws SQLException {
        // The audit trail is the engine's.
        Tidemill.on(database.dataSource()).schema(database.schema()).start().close();
        ServerTables tables = new ServerTables(database.dataSource(), database.schema());
        tables.migrate();
        EndpointBook book = new EndpointBook(tables, SecretSeal.NONE);
        book.put(endpoint("signed"), WebhookSecret.random(), "tester");
        book.put(endpoint("unsigned"), WebhookSecret.random(), "tester");
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("delete from \"" + database.schema() + "\".endpoint_secret where endpoint = 'unsigned'");
        }
        assertThat(book.list())
                .extracting(standing -> standing.endpoint().name())
                .contains("signed", "unsigned");
        assertThat(sentTo(book)).contains("signed").doesNotContain("unsigned");
    }

    /** One such header would otherwise keep all endpoints from being read. */
    @Test
    void aHeaderThatIsSetHereByNowIsLeftOutOfWhatWasKept(TestDatabase database) throws SQLException {
        Tidemill.on(database.dataSource()).schema(database.schema()).start().close();
        ServerTables tables = new ServerTables(database.dataSource(), database.schema());
        tables.migrate();
        EndpointBook book = new EndpointBook(tables, SecretSeal.NONE);
        book.put(endpoint("older"), WebhookSecret.random(), "tester");
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("update \"" + database.schema()
                    + "\".endpoint set headers = '{Tracestate,vendor=x,X-Shop,7}' where name = 'older'");
        }
        assertThat(book.find("older").orElseThrow().endpoint().headers()).containsExactly(Map.entry("X-Shop", "7"));
        assertThat(sentTo(book)).contains("older");
    }

    private static String key() {
        byte[] bytes = new byte[32];
        new SecureRandom().nextBytes(bytes);
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static Endpoint withHeader(String name) {
        Endpoint plain = endpoint(name);
        return new Endpoint(
                name,
                plain.url(),
                plain.kinds(),
                plain.queues(),
                Map.of("X-Hush", "header-value"),
                plain.timeout(),
                1,
                false,
                Set.of());
    }

    private static String kept(TestDatabase database) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select string_agg(encode(s.secret, 'base64'), ' ')"
                        + " || (select string_agg(array_to_string(e.headers, ' '), ' ') from \"" + database.schema()
                        + "\".endpoint e) from \"" + database.schema() + "\".endpoint_secret s")) {
            rows.next();
            return rows.getString(1).replace("\n", "");
        }
    }

    private static String signing(EndpointBook book) {
        return book.edition()
                .secrets()
                .getOrDefault("sealed", List.of())
                .getFirst()
                .text();
    }

    private static List<String> sentTo(EndpointBook book) {
        return book.edition().endpoints().stream()
                .map(standing -> standing.endpoint().name())
                .toList();
    }

    @Test
    void secretsAreSealedAndKeysReplacedWhileOldRowsGoOnWorking(TestDatabase database) throws SQLException {
        Tidemill.on(database.dataSource()).schema(database.schema()).start().close();
        ServerTables tables = new ServerTables(database.dataSource(), database.schema());
        tables.migrate();
        WebhookSecret secret = WebhookSecret.random();
        String bare = secret.text().substring("whsec_".length());
        EndpointBook open = new EndpointBook(tables, SecretSeal.NONE);
        open.put(withHeader("sealed"), secret, "tester");
        assertThat(kept(database)).contains(bare, "header-value");
        String first = key();
        EndpointBook sealing = new EndpointBook(tables, SecretSeal.by(first));
        assertThat(sentTo(sealing)).as("kept before there was a key").contains("sealed");
        assertThat(sealing.reseal()).isPositive();
        assertThat(sealing.reseal()).isZero();
        assertThat(kept(database)).doesNotContain(bare, "header-value");
        assertThat(signing(sealing)).isEqualTo(secret.text());
        assertThat(sealing.find("sealed").orElseThrow().endpoint().headers()).containsEntry("X-Hush", "header-value");
        assertThat(sentTo(open)).as("a server without the key").doesNotContain("sealed");
        assertThat(open.find("sealed").orElseThrow().locked()).isTrue();
        String second = key();
        EndpointBook both = new EndpointBook(tables, SecretSeal.by(second + "\n" + first));
        both.reseal();
        assertThat(sentTo(sealing)).doesNotContain("sealed");
        assertThat(signing(new EndpointBook(tables, SecretSeal.by(second)))).isEqualTo(secret.text());
    }
}

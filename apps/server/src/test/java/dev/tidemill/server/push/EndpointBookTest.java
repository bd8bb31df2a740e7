package dev.tidemill.server.push;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.URI;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
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
                false);
    }

    /** As one is seen by whoever reads while it is registered or deleted. */
    @Test
    void anEndpointWithoutASecretIsNotSentTo(TestDatabase database) throws SQLException {
        // The audit trail is the engine's.
        Tidemill.on(database.dataSource()).schema(database.schema()).start().close();
        ServerTables tables = new ServerTables(database.dataSource(), database.schema());
        tables.migrate();
        EndpointBook book = new EndpointBook(tables);
        book.put(endpoint("signed"), WebhookSecret.random(), "tester");
        book.put(endpoint("unsigned"), WebhookSecret.random(), "tester");
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute("delete from \"" + database.schema() + "\".endpoint_secret where endpoint = 'unsigned'");
        }
        assertThat(book.list()).hasSize(2);
        assertThat(book.edition().endpoints())
                .extracting(standing -> standing.endpoint().name())
                .containsExactly("signed");
    }
}

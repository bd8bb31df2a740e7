package dev.tidemill.testkit;

import dev.tidemill.embedded.EmbeddedPostgres;
import javax.sql.DataSource;

/**
 * The database of one test class: a server that all classes share, and the name of a schema that is its own.
 *
 * <p>The schema does not exist yet; the migrations under test create it, and it is dropped after the class with all it
 * holds. Sessions of {@link #dataSource()} are in a time zone unlike the JVM's, so that a mix-up of clocks shows.
 */
public final class TestDatabase {
    private final TestServer server;
    private final String schema;
    private final DataSource dataSource;

    TestDatabase(TestServer server, String schema) {
        this.server = server;
        this.schema = schema;
        this.dataSource = new FarawayDataSource(server.dataSource());
    }

    /** Connections to the server, unpooled: each {@code getConnection} is a new session. */
    public DataSource dataSource() {
        return dataSource;
    }

    /** The name of this class's schema: lower-case letters, digits and underscores, so that it needs no quotes. */
    public String schema() {
        return schema;
    }

    /** The server's address for JDBC, without user and password. */
    public String jdbcUrl() {
        return server.jdbcUrl();
    }

    /** The user to connect as, who may create schemas. */
    public String user() {
        return server.user();
    }

    /** The user's password; empty where the server asks for none. */
    public String password() {
        return server.password();
    }

    /**
     * The server itself, for a test that kills or restarts it. It is shared: leave it running.
     *
     * @throws IllegalStateException if the tests run on a server given by its address
     */
    public EmbeddedPostgres postgres() {
        return server.embedded();
    }

    /** Whether the server is ours to kill and restart, see {@link #postgres()}. */
    public boolean isEmbedded() {
        return server.isEmbedded();
    }
}

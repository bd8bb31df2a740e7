package dev.tidemill.testkit;

import dev.tidemill.embedded.EmbeddedPostgres;
import java.nio.file.Path;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * The PostgreSQL that a JVM's tests share, started by the first that asks. The system property {@code tidemill.test.url}
 * names any server; without it an embedded one runs in a temporary folder until the JVM ends, from the binaries jar that
 * {@code tidemill.test.binaries} names, else from the class path's.
 */
final class TestServer {
    private static final String URL_PROPERTY = "tidemill.test.url";
    private static final String BINARIES_PROPERTY = "tidemill.test.binaries";

    private final @Nullable EmbeddedPostgres embedded;
    private final PGSimpleDataSource dataSource;

    private TestServer(@Nullable EmbeddedPostgres embedded, PGSimpleDataSource dataSource) {
        this.embedded = embedded;
        this.dataSource = dataSource;
    }

    static TestServer shared() {
        return Shared.SERVER;
    }

    private static final class Shared {
        static final TestServer SERVER = start();
    }

    private static TestServer start() {
        String url = System.getProperty(URL_PROPERTY, "").strip();
        if (!url.isEmpty()) {
            return given(url);
        }
        // Tests connect without a pool: under load more are being ended than PostgreSQL's 100 leave room for.
        EmbeddedPostgres.Builder builder = EmbeddedPostgres.builder().setting("max_connections", "400");
        String binaries = System.getProperty(BINARIES_PROPERTY, "").strip();
        if (!binaries.isEmpty()) {
            builder.binaries(Path.of(binaries));
        }
        EmbeddedPostgres postgres = builder.start();
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(postgres.jdbcUrl());
        source.setUser(postgres.user());
        source.setPassword(postgres.password());
        return new TestServer(postgres, source);
    }

    /** A server that is not ours, by an address that may carry user and password. */
    static TestServer given(String url) {
        PGSimpleDataSource source = new PGSimpleDataSource();
        try {
            source.setUrl(url);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "The system property " + URL_PROPERTY + " is no address of a PostgreSQL server: give it as"
                            + " jdbc:postgresql://host:port/database?user=..&password=..",
                    e);
        }
        return new TestServer(null, source);
    }

    PGSimpleDataSource dataSource() {
        return dataSource;
    }

    String jdbcUrl() {
        if (embedded != null) {
            return embedded.jdbcUrl();
        }
        return "jdbc:postgresql://" + host() + ":" + dataSource.getPortNumbers()[0] + "/"
                + Objects.requireNonNullElse(dataSource.getDatabaseName(), user());
    }

    private String host() {
        return dataSource.getServerNames()[0];
    }

    String user() {
        return Objects.requireNonNullElseGet(dataSource.getUser(), () -> System.getProperty("user.name"));
    }

    String password() {
        return Objects.requireNonNullElse(dataSource.getPassword(), "");
    }

    boolean isEmbedded() {
        return embedded != null;
    }

    EmbeddedPostgres embedded() {
        if (embedded == null) {
            throw new IllegalStateException("The tests run on the server " + jdbcUrl()
                    + ", which is not ours to kill or restart: leave out -D" + URL_PROPERTY + " for this test.");
        }
        return embedded;
    }
}

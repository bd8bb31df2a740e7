package dev.tidemill.chaos;

import dev.tidemill.jobs.Tidemill;
import java.net.URI;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.ds.PGSimpleDataSource;

/**
 * Where workers work.
 *
 * @param url the database's JDBC address, with user and password in it; never printed
 * @param schema the schema of the jobs
 */
record Site(String url, String schema) {
    private static final AtomicInteger FRESH = new AtomicInteger();
    private static final int USUAL_PORT = 5432;

    /** The same with a schema of its own, for one test of a class; {@link Ledger#drop} removes it. */
    Site inFreshSchema() {
        return new Site(url, schema + "_" + FRESH.incrementAndGet());
    }

    String host() {
        return address().getHost();
    }

    int port() {
        int port = address().getPort();
        return port < 0 ? USUAL_PORT : port;
    }

    /** The same database, reached through a port of this machine. */
    Site through(int port) {
        URI address = address();
        String query = address.getRawQuery();
        return new Site(
                "jdbc:postgresql://127.0.0.1:" + port + address.getRawPath() + (query == null ? "" : "?" + query),
                schema);
    }

    private URI address() {
        return URI.create(url.substring("jdbc:".length()));
    }

    PGSimpleDataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        source.setApplicationName("ledger");
        return source;
    }

    /** Enqueues from a program that is gone afterwards: whatever is rescued later, the workers rescued. */
    List<Long> enqueue(Collection<?> jobs) {
        try (Tidemill mill = Tidemill.on(dataSource()).schema(schema).start()) {
            return mill.enqueueAll(jobs);
        }
    }

    long enqueue(Object job) {
        return enqueue(List.of(job)).getFirst();
    }

    @Override
    public String toString() {
        return host() + ":" + port() + ", schema " + schema;
    }
}

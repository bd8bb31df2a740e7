package dev.tidemill.chaos;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.testkit.TestDatabase;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.postgresql.ds.PGSimpleDataSource;

/** Where a test's workers work. */
record Site(String url, String user, String password, String schema) {
    private static final AtomicInteger FRESH = new AtomicInteger();

    static Site of(TestDatabase database) {
        return new Site(database.jdbcUrl(), database.user(), database.password(), database.schema());
    }

    /** The same with a schema of its own, for one test of a class; {@link Ledger#drop} removes it. */
    Site inFreshSchema() {
        return new Site(url, user, password, schema + "_" + FRESH.incrementAndGet());
    }

    PGSimpleDataSource dataSource() {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(url);
        source.setUser(user);
        source.setPassword(password);
        source.setApplicationName("test");
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
}

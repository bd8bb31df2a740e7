package dev.tidemill.postgres;

import dev.tidemill.jobs.store.JobStore;
import java.util.concurrent.TimeUnit;
import org.postgresql.ds.PGSimpleDataSource;

/** A process that drops history, one step after the other, until it is killed. */
final class RetentionWorker {
    private RetentionWorker() {}

    public static void main(String[] arguments) throws InterruptedException {
        PGSimpleDataSource source = new PGSimpleDataSource();
        source.setUrl(arguments[0]);
        source.setUser(arguments[1]);
        source.setPassword(arguments[2]);
        try (JobStore store = new PostgresJobStore(source, arguments[3])) {
            while (true) {
                if (!store.history().advance()) {
                    TimeUnit.MILLISECONDS.sleep(10);
                }
            }
        }
    }
}

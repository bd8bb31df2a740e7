package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.Transaction;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Intake.Added;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import javax.sql.DataSource;

/** A transaction of the application's that is open here, so that whoever can run what it enqueues is woken by its commit. */
final class OpenTransaction implements Transaction {
    private final Connection connection;
    private final Enqueuer enqueuer;
    private final List<Hint> hints = new ArrayList<>();

    private OpenTransaction(Connection connection, Enqueuer enqueuer) {
        this.connection = connection;
        this.enqueuer = enqueuer;
    }

    /**
     * Runs it: commits, or rolls back where the body throws.
     *
     * @param committed told what may be claimed, after the commit
     */
    static <R> R run(DataSource dataSource, Enqueuer enqueuer, Consumer<List<Hint>> committed, Call<R> body)
            throws Exception {
        OpenTransaction open;
        R result;
        try (Connection connection = dataSource.getConnection()) {
            open = new OpenTransaction(connection, enqueuer);
            boolean autoCommit = connection.getAutoCommit();
            connection.setAutoCommit(false);
            try {
                result = body.call(open);
                connection.commit();
            } catch (Throwable failed) {
                try {
                    connection.rollback();
                } catch (Exception alsoFailed) {
                    failed.addSuppressed(alsoFailed);
                }
                throw failed;
            } finally {
                connection.setAutoCommit(autoCommit);
            }
        }
        committed.accept(open.hints);
        return result;
    }

    @Override
    public Connection connection() {
        return connection;
    }

    @Override
    public Enqueued enqueueUnique(Object job, EnqueueOptions options) {
        return Engine.translated(() -> {
            Added added = enqueuer.add(connection, List.of(job), options);
            hints.addAll(added.hints());
            return added.first();
        });
    }

    @Override
    public List<Long> enqueueAll(Collection<?> jobs, EnqueueOptions options) {
        return Engine.translated(() -> {
            Added added = enqueuer.add(connection, jobs, options);
            hints.addAll(added.hints());
            return added.ids();
        });
    }
}

package dev.tidemill.jobs;

import java.sql.Connection;
import java.util.Collection;
import java.util.List;

/** An open transaction of {@link Tidemill#inTransaction}; used by the thread that was given it, until it returns. */
public interface Transaction {
    /** The connection of the transaction, for the application's own statements. Do not commit or close it. */
    Connection connection();

    /** Enqueues a job that exists when, and only if, the transaction commits; returns its id. */
    default long enqueue(Object job) {
        return enqueue(job, EnqueueOptions.NONE);
    }

    /** Enqueues a job that exists when, and only if, the transaction commits; returns its id. */
    default long enqueue(Object job, EnqueueOptions options) {
        return enqueueUnique(job, options).id();
    }

    /** As {@link #enqueue(Object, EnqueueOptions)}, telling what became of it; see {@link Tidemill#enqueueUnique}. */
    Enqueued enqueueUnique(Object job, EnqueueOptions options);

    /** Enqueues jobs that exist when, and only if, the transaction commits; returns their ids in the order given. */
    default List<Long> enqueueAll(Collection<?> jobs, EnqueueOptions options) {
        return jobs.stream().map(job -> enqueue(job, options)).toList();
    }

    /** What runs inside a transaction and returns something. */
    @FunctionalInterface
    interface Call<R> {
        /** Does the work; an exception rolls everything back. */
        R call(Transaction transaction) throws Exception;
    }

    /** What runs inside a transaction. */
    @FunctionalInterface
    interface Body {
        /** Does the work; an exception rolls everything back. */
        void run(Transaction transaction) throws Exception;
    }
}

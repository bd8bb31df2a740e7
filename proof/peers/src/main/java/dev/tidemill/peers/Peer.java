package dev.tidemill.peers;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.bench.Order;
import java.util.List;

/** A job system in its best documented configuration, in a process of its own. Calls come from many threads. */
interface Peer extends AutoCloseable {
    /** Makes one on a database; nothing is written yet. */
    @FunctionalInterface
    interface Maker {
        /**
         * Reads no table and starts nothing.
         *
         * @param handling what its workers do
         * @param concurrency how many jobs it runs at once, or 0 for what its documentation says is best for short ones
         */
        Peer on(HikariDataSource database, Handling handling, int concurrency) throws Exception;
    }

    /** What is done with a job. */
    @FunctionalInterface
    interface Handling {
        /** Throws nothing unless its process ends. */
        void handle(Order order) throws Exception;
    }

    /** Makes the tables where they are not made yet. */
    void install() throws Exception;

    /** Gets ready to enqueue, and to work as well if told so. Called once. */
    void start(boolean working) throws Exception;

    /** Enqueues one job; returns when it is committed. */
    void enqueue(Order order) throws Exception;

    /** Enqueues many jobs in the system's own bulk way; returns when they are committed. */
    void enqueueAll(List<Order> orders) throws Exception;

    /** A query for the number of jobs that are not done yet. */
    String unfinished();

    /** Stops without waiting for running jobs. */
    @Override
    void close();
}

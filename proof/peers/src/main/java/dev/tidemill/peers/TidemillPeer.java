package dev.tidemill.peers;

import com.zaxxer.hikari.HikariDataSource;
import dev.tidemill.bench.Order;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** Tidemill as it comes. */
final class TidemillPeer implements Peer {
    private final HikariDataSource database;
    private final Handling handling;
    private final int concurrency;
    private @Nullable Tidemill mill;

    private TidemillPeer(HikariDataSource database, Handling handling, int concurrency) {
        this.database = database;
        this.handling = handling;
        this.concurrency = concurrency;
    }

    /** See {@link PeerProcess}. */
    public static void main(String[] arguments) throws Exception {
        PeerProcess.run(arguments, TidemillPeer::new);
    }

    @Override
    public void install() {
        Tidemill.on(database).start().close();
    }

    @Override
    public void start(boolean working) {
        TidemillBuilder builder = Tidemill.on(database);
        if (working) {
            builder.handle(Order.class, (order, run) -> handling.handle(order));
            if (concurrency > 0) {
                builder.queue("default", queue -> queue.concurrency(concurrency).reservedForCritical(0));
            }
        }
        mill = builder.start();
    }

    @Override
    public void enqueue(Order order) {
        Objects.requireNonNull(mill).enqueue(order);
    }

    @Override
    public void enqueueAll(List<Order> orders) {
        Objects.requireNonNull(mill).enqueueAll(orders);
    }

    /** A lease is deleted together with the last outcome in it. */
    @Override
    public String unfinished() {
        return "select (select count(*) from tidemill.ready) + (select count(*) from tidemill.lease)";
    }

    @Override
    public void close() {
        if (mill != null) {
            mill.close();
        }
    }
}

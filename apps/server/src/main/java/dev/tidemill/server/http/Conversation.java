package dev.tidemill.server.http;

import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jspecify.annotations.Nullable;

/**
 * A connection whose own thread only waits for the next request; what comes is answered on a thread that ends with it. A
 * virtual thread keeps the room that its stack took when it was deepest, which is deep in the database's driver: thousands
 * of connections, of which few are at work at a time, would keep that much each.
 */
final class Conversation implements ServerConnection, InterruptableTask<Void> {
    private final ServerConnectionSelector http;
    private final Watched context;
    private volatile @Nullable Thread waiting;
    private volatile @Nullable ServerConnection answering;
    private volatile long sinceNanos = System.nanoTime();
    private volatile boolean closed;

    /** Of a connection from which nothing was read so far. */
    Conversation(ServerConnectionSelector http, Watched context) {
        this.http = http;
        this.context = context;
    }

    @Override
    public void handle(Limit limit) throws InterruptedException {
        waiting = Thread.currentThread();
        do {
            context.awaitRequest();
        } while (answered(limit) && !closed);
    }

    /** Has what is here answered; false if the connection is to be closed then. */
    private boolean answered(Limit limit) throws InterruptedException {
        ServerConnection talk = http.connection(context);
        FutureTask<Boolean> turn = new FutureTask<>(() -> {
            try {
                context.serve(talk);
                talk.handle(limit);
                return false;
            } catch (Watched.NoMore pause) {
                return true;
            }
        });
        if (!begun(talk)) {
            return false;
        }
        Thread.ofVirtual().name(Thread.currentThread().getName()).start(turn);
        try {
            return turn.get();
        } catch (InterruptedException told) {
            talk.close(true);
            throw told;
        } catch (ExecutionException failed) {
            throw unchecked(failed.getCause());
        } finally {
            sinceNanos = System.nanoTime();
            answering = null;
        }
    }

    private synchronized boolean begun(ServerConnection talk) {
        answering = talk;
        return !closed;
    }

    private static RuntimeException unchecked(@Nullable Throwable thrown) throws InterruptedException {
        return switch (thrown) {
            case RuntimeException failed -> failed;
            case Error error -> throw error;
            case InterruptedException told -> throw told;
            case null, default -> new IllegalStateException(thrown);
        };
    }

    @Override
    public boolean canInterrupt() {
        return answering == null;
    }

    @Override
    public Duration idleTime() {
        ServerConnection talk = answering;
        return talk == null ? Duration.ofNanos(System.nanoTime() - sinceNanos) : talk.idleTime();
    }

    @Override
    public synchronized void close(boolean interrupt) {
        closed = true;
        ServerConnection talk = answering;
        Thread thread = waiting;
        if (talk != null) {
            talk.close(interrupt);
        } else if (thread != null) {
            thread.interrupt();
        }
    }
}

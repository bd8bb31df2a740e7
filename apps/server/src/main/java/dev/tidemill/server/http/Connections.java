package dev.tidemill.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.socket.SocketOptions;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/**
 * The connections that are open, and a thread that looks every second whether each keeps its {@link Pace}. Helidon's time
 * limit for reads is an option that the channels it accepts do not have, so it was set and never held; and it would have
 * been one for each read. What a connection reads goes through here: the first byte of a request starts the clock for its
 * head, and all that is read counts as held in memory until the request is answered. Thread safe.
 */
@SuppressWarnings("exports") // For the server itself: nobody else calls it.
public final class Connections implements ServerConnectionSelector, AutoCloseable {
    private static final Duration WAITING = Duration.ofMinutes(2);
    private static final Duration HEAD = Duration.ofSeconds(20);
    private static final Duration SENDING = Duration.ofMinutes(1);
    private static final long LOOK_NANOS = 1_000_000_000L;
    /** What one takes while nothing happens on it: Helidon's 8 KiB for reading, a stack, and what belongs to them. */
    private static final long IDLE_BYTES = 14 << 10;

    private static final int SHARE_OF_BODIES = 8;
    /** What becomes of a body takes this many times its size, itself included. */
    private static final int TIMES_A_BODY = 3;

    private final Http1ConnectionSelector http =
            Http1ConnectionSelector.builder().config(config -> {}).build();
    private final Times times;
    private final LongSupplier room;
    private final AtomicLong inMemory = new AtomicLong();
    private final Map<SocketAddress, Pace> open = new ConcurrentHashMap<>();
    private final Thread watch = Thread.ofVirtual().name("tidemill-connections").unstarted(this::watch);
    private volatile boolean closed;

    /**
     * Creates it; nothing is watched before {@link #start}.
     *
     * @param times how long each part of an exchange may take
     * @param roomBytes how much of requests may be in memory at a time; 0 for what the heap has room for beside the
     *     connections that are open, but no more than an eighth of it or two bodies
     * @param bodyLimitBytes the longest body
     */
    public Connections(Times times, long roomBytes, int bodyLimitBytes) {
        this.times = times;
        long heap = Runtime.getRuntime().maxMemory();
        long most = Math.max(2L * bodyLimitBytes, heap / SHARE_OF_BODIES);
        this.room = roomBytes > 0 ? () -> roomBytes : () -> Math.min(most, roomForBodies(heap, open.size()));
    }

    /** How much of requests a heap of this size has room for beside these connections. */
    static long roomForBodies(long heapBytes, int connections) {
        return Math.max(0, heapBytes / 4 * 3 - connections * IDLE_BYTES) / TIMES_A_BODY;
    }

    /**
     * How long each may take.
     *
     * @param waiting between requests
     * @param head from a request's first byte to the end of its head
     * @param body for a body to come
     * @param sending for the client to take the answer
     */
    public record Times(Duration waiting, Duration head, Duration body, Duration sending) {}

    /** A body of this time, and what is usual for the others. */
    public static Times usual(Duration body) {
        return new Times(WAITING, HEAD, body, SENDING);
    }

    /** How many connections a heap of this size has room for beside all else; those beyond it wait to be accepted. */
    public static int roomFor(long heapBytes) {
        return Math.clamp(heapBytes / 3 * 2 / IDLE_BYTES, 1_000, 1_000_000);
    }

    /** Begins to look. */
    public void start() {
        watch.start();
    }

    /** How many bytes of requests are in memory. */
    public long inMemory() {
        return inMemory.get();
    }

    private void watch() {
        while (!closed) {
            LockSupport.parkNanos(this, LOOK_NANOS);
            long now = System.nanoTime();
            open.forEach((address, pace) -> {
                if (pace.check(now)) {
                    open.remove(address, pace);
                }
            });
        }
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(watch);
    }

    /** What every accepted connection passes before anything is read from it. */
    public SocketOptions options() {
        return new Accepting(SocketOptions.create());
    }

    private Pace accepted(SocketChannel channel) {
        return new Pace(channel, times, inMemory, room);
    }

    /** Sets what is usual, and takes down that there is a connection. */
    private final class Accepting implements SocketOptions {
        private final SocketOptions usual;

        Accepting(SocketOptions usual) {
            this.usual = usual;
        }

        @Override
        public void configureSocket(SocketChannel channel) {
            usual.configureSocket(channel);
            try {
                SocketAddress peer = channel.getRemoteAddress();
                if (peer != null) {
                    open.put(peer, accepted(channel));
                }
            } catch (IOException gone) {
                throw new UncheckedIOException("A connection was gone when it was accepted", gone);
            }
        }

        @Override
        public Map<SocketOption<?>, Object> socketOptions() {
            return usual.socketOptions();
        }

        @Override
        public Duration connectTimeout() {
            return usual.connectTimeout();
        }

        @Override
        public Duration readTimeout() {
            return usual.readTimeout();
        }

        @Override
        public Optional<Integer> socketReceiveBufferSize() {
            return usual.socketReceiveBufferSize();
        }

        @Override
        public Optional<Integer> socketSendBufferSize() {
            return usual.socketSendBufferSize();
        }

        @Override
        public boolean socketReuseAddress() {
            return usual.socketReuseAddress();
        }

        @Override
        public boolean socketKeepAlive() {
            return usual.socketKeepAlive();
        }

        @Override
        public boolean tcpNoDelay() {
            return usual.tcpNoDelay();
        }
    }

    @Override
    public int bytesToIdentifyConnection() {
        return http.bytesToIdentifyConnection();
    }

    @Override
    public Support supports(BufferData request) {
        return http.supports(request);
    }

    @Override
    public Set<String> supportedApplicationProtocols() {
        return http.supportedApplicationProtocols();
    }

    @Override
    public ServerConnection connection(ConnectionContext context) {
        Pace pace = open.get(context.remotePeer().address());
        return pace == null ? http.connection(context) : new Conversation(http, new Watched(context, pace));
    }
}

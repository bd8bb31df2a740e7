package dev.tidemill.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.socket.SocketOptions;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
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
import java.util.concurrent.ExecutorService;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

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

    private final Http1ConnectionSelector http =
            Http1ConnectionSelector.builder().config(config -> {}).build();
    private final Times times;
    private final long roomBytes;
    private final AtomicLong inMemory = new AtomicLong();
    private final Map<SocketAddress, Pace> open = new ConcurrentHashMap<>();
    private final Thread watch = Thread.ofVirtual().name("tidemill-connections").unstarted(this::watch);
    private volatile boolean closed;

    /**
     * Creates it; nothing is watched before {@link #start}.
     *
     * @param times how long each part of an exchange may take
     * @param roomBytes how much of requests may be in memory at a time
     */
    public Connections(Times times, long roomBytes) {
        this.times = times;
        this.roomBytes = roomBytes;
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
        return new Pace(channel, times, inMemory, roomBytes);
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
        return http.connection(pace == null ? context : new Watched(context, pace));
    }

    /** A connection whose reading is looked at. */
    private static final class Watched implements ConnectionContext {
        private final ConnectionContext context;
        private final DataReader reader;

        Watched(ConnectionContext context, Pace pace) {
            this.context = context;
            DataReader source = context.dataReader();
            this.reader = DataReader.create(() -> {
                pace.here();
                try {
                    source.ensureAvailable();
                } catch (DataReader.InsufficientDataAvailableException ended) {
                    if (pace.inHead()) {
                        // Nobody is there any more to be told; Helidon would call it an internal error.
                        throw new CloseConnectionException("The client broke off in the head of a request", ended);
                    }
                    throw ended;
                }
                byte[] bytes = source.readBytes(source.available());
                pace.came(bytes.length);
                return bytes;
            });
        }

        @Override
        public DataReader dataReader() {
            return reader;
        }

        @Override
        public ListenerContext listenerContext() {
            return context.listenerContext();
        }

        @Override
        public ExecutorService executor() {
            return context.executor();
        }

        @Override
        public DataWriter dataWriter() {
            return context.dataWriter();
        }

        @Override
        public Router router() {
            return context.router();
        }

        @Override
        public Optional<ProxyProtocolData> proxyProtocolData() {
            return context.proxyProtocolData();
        }

        @Override
        public HelidonSocket serverSocket() {
            return context.serverSocket();
        }

        @Override
        public PeerInfo remotePeer() {
            return context.remotePeer();
        }

        @Override
        public PeerInfo localPeer() {
            return context.localPeer();
        }

        @Override
        public boolean isSecure() {
            return context.isSecure();
        }

        @Override
        public String socketId() {
            return context.socketId();
        }

        @Override
        public String childSocketId() {
            return context.childSocketId();
        }
    }
}

package dev.tidemill.server.http;

import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.ProxyProtocolData;
import io.helidon.webserver.Router;
import io.helidon.webserver.spi.ServerConnection;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/** A connection whose reading is looked at, and on which a thread that answers does not wait for another request. */
final class Watched implements ConnectionContext {
    private final ConnectionContext context;
    private final DataReader source;
    private final Pace pace;
    private final DataReader reader;
    private @Nullable InterruptableTask<?> serving;

    Watched(ConnectionContext context, Pace pace) {
        this.context = context;
        this.source = context.dataReader();
        this.pace = pace;
        this.reader = DataReader.create(this::read);
    }

    /** Ends a thread's turn: what was here is answered, and more is not here yet. */
    static final class NoMore extends CloseConnectionException {
        private static final long serialVersionUID = 1;

        NoMore() {
            super("No other request is here");
        }

        @Override
        public synchronized Throwable fillInStackTrace() {
            return this;
        }
    }

    private byte[] read() {
        // Helidon takes nothing of a request's first line before all of it is here.
        if (serving != null && serving.canInterrupt() && reader.available() == 0) {
            throw new NoMore();
        }
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
    }

    /** Waits for the first bytes of a request, on the connection's own thread. */
    void awaitRequest() {
        serving = null;
        try {
            reader.ensureAvailable();
        } catch (DataReader.InsufficientDataAvailableException ended) {
            throw new CloseConnectionException("The client left between requests", ended);
        }
    }

    /** Takes this thread for the one that answers what is here. */
    void serve(ServerConnection talk) {
        serving = talk instanceof InterruptableTask<?> task ? task : null;
        pace.here();
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

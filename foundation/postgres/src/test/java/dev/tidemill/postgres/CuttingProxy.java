package dev.tidemill.postgres;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Arrays;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/** Stands between a client and a server, and loses an answer when told to: the server has done its work by then. */
final class CuttingProxy implements AutoCloseable {
    private static final byte[] READY_AND_NO_TRANSACTION = {'Z', 0, 0, 0, 5, 'I'};

    private final ServerSocket listening;
    private final int serverPort;
    private final AtomicBoolean cutNext = new AtomicBoolean();
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();

    CuttingProxy(int serverPort) throws IOException {
        this.serverPort = serverPort;
        this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /**
     * The end of the next answer that leaves no transaction open does not arrive, and its connection breaks. Open the
     * connections before, because the answer to connecting is one too.
     */
    void loseNextAnswer() {
        cutNext.set(true);
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
                client.setTcpNoDelay(true);
                server.setTcpNoDelay(true);
                sockets.add(client);
                sockets.add(server);
                Thread.ofVirtual().start(() -> pump(client, server, false));
                Thread.ofVirtual().start(() -> pump(server, client, true));
            }
        } catch (IOException closed) {
            // The test is over.
        }
    }

    private void pump(Socket from, Socket to, boolean answers) {
        byte[] buffer = new byte[64 * 1024];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            int count;
            while ((count = in.read(buffer)) > 0) {
                if (answers && saysThatAllIsCommitted(buffer, count) && cutNext.getAndSet(false)) {
                    return;
                }
                out.write(buffer, 0, count);
            }
        } catch (SocketException broken) {
            // The other direction has ended it.
        } catch (IOException broken) {
            throw new UncheckedIOException(broken);
        }
    }

    private static boolean saysThatAllIsCommitted(byte[] buffer, int count) {
        int from = count - READY_AND_NO_TRANSACTION.length;
        return from >= 0
                && Arrays.equals(buffer, from, count, READY_AND_NO_TRANSACTION, 0, READY_AND_NO_TRANSACTION.length);
    }

    @Override
    public void close() throws IOException {
        listening.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}

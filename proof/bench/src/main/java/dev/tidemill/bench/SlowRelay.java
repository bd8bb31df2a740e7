package dev.tidemill.bench;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/**
 * Stands between the shop and its mail server on the loopback address and lets every connection wait before the
 * server's greeting, as a mail server across the net does.
 */
final class SlowRelay implements AutoCloseable {
    private final ServerSocket listening;
    private final int target;
    private final Duration delay;

    SlowRelay(int targetPort, Duration delay) throws IOException {
        this.listening = new ServerSocket(0, 200, InetAddress.getLoopbackAddress());
        this.target = targetPort;
        this.delay = delay;
        Thread.ofVirtual().start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    private void accept() {
        while (!listening.isClosed()) {
            try {
                Socket client = listening.accept();
                Thread.ofVirtual().start(() -> relay(client));
            } catch (IOException closed) {
                return;
            }
        }
    }

    private void relay(Socket client) {
        LockSupport.parkNanos(delay.toNanos());
        try (client;
                Socket server = new Socket(InetAddress.getLoopbackAddress(), target)) {
            Thread back = Thread.ofVirtual().start(() -> pump(server, client));
            pump(client, server);
            back.join();
        } catch (IOException broken) {
            // One side hung up, which ends the relay.
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private static void pump(Socket from, Socket to) {
        try {
            InputStream in = from.getInputStream();
            in.transferTo(to.getOutputStream());
            to.shutdownOutput();
        } catch (IOException broken) {
            // One side hung up, which ends the relay.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
    }
}

package dev.tidemill.chaos;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The network between a worker and its database: a port of this machine that leads there, until it is cut or hangs. */
final class Relay implements AutoCloseable {
    private final ServerSocket listening;
    private final String host;
    private final int serverPort;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition goesOn = lock.newCondition();
    private boolean hanging;

    Relay(String host, int serverPort) {
        this.host = host;
        this.serverPort = serverPort;
        try {
            this.listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        Thread.ofPlatform().daemon().name("relay").start(this::accept);
    }

    int port() {
        return listening.getLocalPort();
    }

    /** Every connection breaks, whatever is under way in it; new ones work. */
    void cut() {
        sockets.forEach(Relay::end);
    }

    /** Nothing passes any more, in either direction, and nobody is told; new connections are taken and hang as well. */
    void hang() {
        lock.lock();
        try {
            hanging = true;
        } finally {
            lock.unlock();
        }
    }

    /** What hung passes again. */
    void resume() {
        lock.lock();
        try {
            hanging = false;
            goesOn.signalAll();
        } finally {
            lock.unlock();
        }
    }

    private void awaitPassage() {
        lock.lock();
        try {
            while (hanging) {
                goesOn.awaitUninterruptibly();
            }
        } finally {
            lock.unlock();
        }
    }

    private void accept() {
        try {
            while (true) {
                Socket client = listening.accept();
                sockets.add(client);
                Thread.ofVirtual().start(() -> connect(client));
            }
        } catch (IOException closed) {
            // The run is over.
        }
    }

    private void connect(Socket client) {
        awaitPassage();
        try {
            Socket server = new Socket(host, serverPort);
            sockets.add(server);
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            Thread.ofVirtual().start(() -> pump(client, server));
            Thread.ofVirtual().start(() -> pump(server, client));
        } catch (IOException databaseAway) {
            end(client);
            sockets.remove(client);
        }
    }

    private void pump(Socket from, Socket to) {
        byte[] buffer = new byte[64 * 1024];
        try (from;
                to) {
            InputStream in = from.getInputStream();
            OutputStream out = to.getOutputStream();
            int count;
            while ((count = in.read(buffer)) > 0) {
                awaitPassage();
                out.write(buffer, 0, count);
            }
        } catch (IOException broken) {
            // Cut, or ended by either side: the other side hears of it by the close.
        } finally {
            sockets.remove(from);
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException closed) {
            throw new UncheckedIOException(closed);
        }
    }

    @Override
    public void close() {
        try {
            listening.close();
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        resume();
        cut();
    }
}

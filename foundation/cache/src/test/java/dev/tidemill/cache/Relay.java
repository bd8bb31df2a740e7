package dev.tidemill.cache;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/** The network between a node and a server: a port of this machine that leads there, until it is cut, slow or hangs. */
public final class Relay implements AutoCloseable {
    private final ServerSocket listening;
    private final int serverPort;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition goesOn = lock.newCondition();
    private boolean hanging;
    private volatile long delayNanos;

    /** Leads to a port of this machine. */
    public Relay(int serverPort) {
        this.serverPort = serverPort;
        try {
            this.listening = new ServerSocket(0, 100, InetAddress.getLoopbackAddress());
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
        Thread.ofPlatform().daemon().name("relay").start(this::accept);
    }

    /** Where to connect. */
    public int port() {
        return listening.getLocalPort();
    }

    /** Every connection breaks; new ones work. */
    public void cut() {
        sockets.forEach(Relay::end);
    }

    /** Nothing passes any more, and nobody is told; new connections are taken and hang as well. */
    public void hang() {
        set(true);
    }

    /** What hung passes again. */
    public void resume() {
        set(false);
    }

    private void set(boolean hang) {
        lock.lock();
        try {
            hanging = hang;
            goesOn.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** So long does each piece take from now on. */
    public void delay(long millis) {
        delayNanos = TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private void awaitPassage() throws InterruptedException {
        lock.lock();
        try {
            if (delayNanos > 0) {
                long left = delayNanos;
                while (left > 0) {
                    left = goesOn.awaitNanos(left);
                }
            }
            while (hanging) {
                goesOn.await();
            }
        } finally {
            lock.unlock();
        }
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
                Thread.ofVirtual().start(() -> pump(client, server));
                Thread.ofVirtual().start(() -> pump(server, client));
            }
        } catch (IOException closed) {
            // The test is over.
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
        } catch (IOException | InterruptedException broken) {
            // The other direction has ended it, or the test has.
        } finally {
            sockets.remove(from);
            sockets.remove(to);
        }
    }

    private static void end(Socket socket) {
        try {
            socket.close();
        } catch (IOException broken) {
            // It is closed.
        }
    }

    @Override
    public void close() throws IOException {
        listening.close();
        cut();
        resume();
    }
}

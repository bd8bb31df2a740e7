package dev.tidemill.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/** Free ports on the loopback address. */
final class Ports {
    /** Below the ranges from which systems give ports to outgoing connections, so that none takes ours meanwhile. */
    private static final int FIRST = 21_000;

    private static final int END = 32_000;
    private static final int TRIES = 1_000;

    static final InetAddress LOOPBACK = loopback();

    private Ports() {}

    static boolean isFree(int port) {
        try (ServerSocket probe = new ServerSocket()) {
            // As PostgreSQL does it: connections of the last server that are still winding down do not count.
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(LOOPBACK, port));
            return true;
        } catch (IOException taken) {
            return false;
        }
    }

    static int pickFree() throws IOException {
        for (int i = 0; i < TRIES; i++) {
            int port = ThreadLocalRandom.current().nextInt(FIRST, END);
            if (isFree(port)) {
                return port;
            }
        }
        throw new IOException(
                "No free port between " + FIRST + " and " + END + " on 127.0.0.1, in " + TRIES + " tries");
    }

    private static InetAddress loopback() {
        try {
            return InetAddress.getByAddress("127.0.0.1", new byte[] {127, 0, 0, 1});
        } catch (IOException impossible) {
            throw new AssertionError(impossible);
        }
    }
}

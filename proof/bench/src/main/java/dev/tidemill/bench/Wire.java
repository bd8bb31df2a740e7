package dev.tidemill.bench;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/**
 * One kept-alive HTTP/1.1 connection of the load: sends a request, reads its answer to the end, and keeps the status
 * alone. For one thread at a time. What is measured is the server; a client with a pool of its own would stand between.
 */
final class Wire implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final int BUFFER_BYTES = 2 << 10;
    private static final int MAX_LINE = 8 << 10;

    private final Socket socket = new Socket();
    private final InputStream in;

    Wire(int port) throws IOException {
        socket.setTcpNoDelay(true);
        socket.setSoTimeout((int) PATIENCE.toMillis());
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), (int) PATIENCE.toMillis());
        in = new BufferedInputStream(socket.getInputStream(), BUFFER_BYTES);
    }

    /** The bytes of a request; the body is JSON. */
    static byte[] request(String method, String path, String body) {
        byte[] content = body.getBytes(StandardCharsets.UTF_8);
        String head = method + " " + path + " HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n"
                + (content.length == 0
                        ? ""
                        : "Content-Type: application/json\r\nContent-Length: " + content.length + "\r\n")
                + "\r\n";
        byte[] first = head.getBytes(StandardCharsets.US_ASCII);
        byte[] all = new byte[first.length + content.length];
        System.arraycopy(first, 0, all, 0, first.length);
        System.arraycopy(content, 0, all, first.length, content.length);
        return all;
    }

    /** Sends a request and reads the answer; returns its status. */
    int ask(byte[] request) throws IOException {
        socket.getOutputStream().write(request);
        String[] status = line().split(" ", 3);
        long length = -1;
        boolean chunked = false;
        for (String header = line(); !header.isEmpty(); header = line()) {
            String name = header.toLowerCase(Locale.ROOT);
            if (name.startsWith("content-length:")) {
                length = Long.parseLong(name.substring(15).strip());
            } else if (name.startsWith("transfer-encoding:")) {
                chunked = name.contains("chunked");
            }
        }
        if (chunked) {
            skipChunks();
        } else if (length > 0) {
            in.skipNBytes(length);
        }
        return Integer.parseInt(status[1]);
    }

    private void skipChunks() throws IOException {
        while (true) {
            long size = Long.parseLong(line().split(";", 2)[0].strip(), 16);
            in.skipNBytes(size);
            line();
            if (size == 0) {
                return;
            }
        }
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder(64);
        while (line.length() < MAX_LINE) {
            int next = in.read();
            if (next < 0) {
                throw new EOFException("the server closed the connection");
            }
            if (next == '\n') {
                return line.toString();
            }
            if (next != '\r') {
                line.append((char) next);
            }
        }
        throw new IOException("a line of an answer is longer than " + MAX_LINE);
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException gone) {
            // There is nothing left to close.
        }
    }
}

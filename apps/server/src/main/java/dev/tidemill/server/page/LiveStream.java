package dev.tidemill.server.page;

import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.page.LiveFeed.Frame;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.ServerConnectionException;
import io.helidon.webserver.http.ServerResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sends a browser the fragments that changed, as server-sent events, until it leaves or the server stops. */
final class LiveStream {
    private static final Logger LOG = LoggerFactory.getLogger(LiveStream.class);
    /** A comment this often keeps proxies from closing a quiet stream, and finds out whether anybody is left. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    /** Whoever logged out, or lost the right to look, watches on for this long and a heartbeat. */
    private static final Duration RECHECK = Duration.ofSeconds(5);

    private final LiveFeed feed;

    LiveStream(LiveFeed feed) {
        this.feed = feed;
    }

    void serve(Call call, ServerResponse response) {
        call.takesOnly();
        if (!feed.enter()) {
            throw Problem.of(
                    ProblemCode.TOO_BUSY,
                    "As many pages as are allowed watch already; reload to see how things stand.");
        }
        try {
            response.header(HeaderNames.CONTENT_TYPE, "text/event-stream");
            response.header(HeaderNames.create("X-Accel-Buffering"), "no");
            try (OutputStream out = response.outputStream()) {
                write(call, out);
            }
        } catch (IOException | UncheckedIOException | ServerConnectionException gone) {
            LOG.debug("A page stopped watching", gone);
            throw new CloseConnectionException("The page stopped watching", gone);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
        } finally {
            feed.leave();
        }
    }

    private void write(Call call, OutputStream out) throws IOException, InterruptedException {
        Map<String, String> sent = new HashMap<>();
        long seen = 0;
        out.write("retry: 2000\n\n".getBytes(StandardCharsets.UTF_8));
        out.flush();
        long admitted = System.nanoTime();
        while (!feed.closed()) {
            if (System.nanoTime() - admitted > RECHECK.toNanos()) {
                if (!call.stillAdmitted()) {
                    return;
                }
                admitted = System.nanoTime();
            }
            Frame frame = feed.next(seen, HEARTBEAT);
            StringBuilder text = new StringBuilder();
            frame.fragments().forEach((name, html) -> {
                if (!html.equals(sent.put(name, html))) {
                    event(text, name, html);
                }
            });
            seen = frame.version();
            out.write((text.isEmpty() ? ":\n\n" : text.toString()).getBytes(StandardCharsets.UTF_8));
            out.flush();
        }
    }

    private static void event(StringBuilder text, String name, String html) {
        text.append("event: ").append(name).append('\n');
        html.lines().forEach(line -> text.append("data: ").append(line).append('\n'));
        text.append('\n');
    }
}

package dev.tidemill.server.http;

import io.helidon.http.DirectHandler;
import io.helidon.http.HeaderNames;
import io.helidon.http.ServerResponseHeaders;
import io.helidon.http.Status;
import io.helidon.webserver.http.DirectHandlers;

/** Answers, as problems too, what never becomes a request: malformed lines, oversized headers, bodies beyond all bounds. */
@SuppressWarnings("exports") // For the server itself: nobody else calls it.
public final class WireErrors implements DirectHandler {
    private WireErrors() {}

    /** Handlers for everything that the web server refuses by itself. */
    public static DirectHandlers handlers() {
        DirectHandlers.Builder handlers = DirectHandlers.builder();
        for (EventType type : EventType.values()) {
            handlers.addHandler(type, new WireErrors());
        }
        return handlers.build();
    }

    @Override
    public TransportResponse handle(
            TransportRequest request, EventType type, Status status, ServerResponseHeaders headers, String message) {
        Problem problem = problem(type, status.code());
        Reply reply = problem.as(status.code()).reply();
        return TransportResponse.builder()
                .status(status)
                .headers(headers)
                .header(HeaderNames.CONTENT_TYPE, reply.mediaType())
                .header(HeaderNames.create("X-Content-Type-Options"), "nosniff")
                .keepAlive(false)
                .entity(reply.body())
                .build();
    }

    private static Problem problem(EventType type, int status) {
        if (status == 413) {
            return Problem.of(ProblemCode.BODY_TOO_LARGE, "The body is longer than any route takes.");
        }
        return type == EventType.INTERNAL_ERROR
                ? Problem.of(ProblemCode.INTERNAL_ERROR, "The server's log has the reason.")
                : Problem.of(ProblemCode.REQUEST_MALFORMED, "This is no HTTP/1.1 request that can be served.");
    }
}

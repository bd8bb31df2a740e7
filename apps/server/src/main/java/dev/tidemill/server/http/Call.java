package dev.tidemill.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerRequest;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/** A request, as the routes see it. */
public final class Call {
    private static final int FORM_LIMIT_BYTES = 8 << 10;
    private static final Pattern TRACEPARENT = Pattern.compile("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}");
    private static final Pattern TRACESTATE = Pattern.compile("[!-~]([ -~]{0,510}[!-~])?");

    private final ServerRequest request;
    private final Front front;
    private Caller caller = Caller.NOBODY;
    private Spans.Span span = Spans.Span.NONE;
    private BooleanSupplier stillAdmitted = () -> true;

    Call(ServerRequest request, Front front) {
        this.request = request;
        this.front = front;
    }

    void from(Caller value, BooleanSupplier stillHolds) {
        caller = value;
        stillAdmitted = stillHolds;
    }

    void traced(Spans.Span value) {
        span = value;
    }

    /**
     * The trace that jobs enqueued by it carry on, a {@code traceparent} and maybe a {@code tracestate}: this request's own,
     * or the one that it came with. What is no trace is ignored, as W3C trace context asks for; so is a state without one,
     * or one that is too long.
     */
    public Optional<String> trace() {
        return span.trace()
                .or(() -> header("traceparent")
                        .filter(value -> TRACEPARENT.matcher(value).matches())
                        .map(parent -> header("tracestate")
                                .filter(value -> TRACESTATE.matcher(value).matches())
                                .map(state -> parent + " " + state)
                                .orElse(parent)));
    }

    /** Who sent it; {@link Caller#NOBODY} on a route that is for anybody. Changes are audited under the caller's name. */
    public Caller caller() {
        return caller;
    }

    /**
     * Whether the caller would be let in now: for answers that go on for long, while a session may end or a key be
     * revoked. Asks the database at most once a second.
     */
    public boolean stillAdmitted() {
        return stillAdmitted.getAsBoolean();
    }

    /** The address that it came from; of whoever sent it to a trusted proxy. */
    public String address() {
        String peer = request.remotePeer().host();
        return front.proxies().client(peer, request.headers().values(HeaderNames.X_FORWARDED_FOR));
    }

    /** Whether it is known to have come by https, to us or to a trusted proxy. */
    public boolean secure() {
        return request.isSecure()
                || (front.proxies().trust(request.remotePeer().host())
                        && header("X-Forwarded-Proto").orElse("").equalsIgnoreCase("https"));
    }

    /**
     * Whether the browser that sent it speaks https, so that its cookies may be for https alone. A proxy that nobody told us
     * of may have taken the https away; the browser still says where its form was.
     */
    public boolean browsedByHttps() {
        return secure() || header("Origin").orElse("").startsWith("https:");
    }

    /** The method's name. */
    public String method() {
        return request.prologue().method().text();
    }

    /** The host and port that the client asked for; empty if it named none. */
    public String authority() {
        return header("Host").orElse("");
    }

    /** A header's first value. */
    public Optional<String> header(String name) {
        return request.headers().first(HeaderNames.create(name));
    }

    /** A cookie's value. */
    public Optional<String> cookie(String name) {
        return request.headers().cookies().first(name).asOptional();
    }

    /** The path that was asked for. */
    public String target() {
        return request.path().path();
    }

    /** The path and the query as they were sent, percent-encoded. */
    public String location() {
        String query = request.query().rawValue();
        return request.path().rawPath() + (query.isEmpty() ? "" : "?" + query);
    }

    /** A part of the path. */
    public String path(String name) {
        String part = request.path().pathParameters().get(name);
        if (!holdable(part)) {
            throw Problem.of(
                    ProblemCode.ROUTE_UNKNOWN, "The path holds NUL or half of a surrogate pair, which names nothing.");
        }
        return part;
    }

    /** The job id in the path; anything that is no positive number names nothing. */
    public long id() {
        String text = path("id");
        try {
            long id = Long.parseLong(text);
            if (id > 0) {
                return id;
            }
        } catch (NumberFormatException noNumber) {
            // The answer is the same as for a number that is no id.
        }
        throw Problem.of(ProblemCode.ROUTE_UNKNOWN, "'" + text + "' is no job id; an id is a positive number.");
    }

    /** Refuses query parameters other than these, and any that is given twice. */
    public void takesOnly(String... names) {
        for (String name : request.query().names()) {
            if (!List.of(names).contains(name)) {
                throw parameter(
                        name,
                        names.length == 0
                                ? "The parameter '" + name + "' is unknown; this route takes none."
                                : "The parameter '" + name + "' is unknown; this route takes "
                                        + String.join(", ", names) + ".");
            }
            if (request.query().all(name).size() > 1) {
                throw parameter(name, "The parameter '" + name + "' was given more than once; give it once.");
            }
        }
    }

    /** A query parameter; one that no column could hold is refused. */
    public Optional<String> query(String name) {
        Optional<String> value = request.query().first(name).asOptional();
        if (value.isPresent() && !holdable(value.get())) {
            throw parameter(name, name + " holds NUL or half of a surrogate pair, which is no character.");
        }
        return value;
    }

    private static boolean holdable(String text) {
        return text.indexOf('\0') < 0 && Json.storable(text);
    }

    /** A query parameter that is a whole number within bounds. */
    public long query(String name, long otherwise, long min, long max) {
        Optional<String> given = query(name);
        if (given.isEmpty()) {
            return otherwise;
        }
        try {
            long value = Long.parseLong(given.get());
            if (value >= min && value <= max) {
                return value;
            }
        } catch (NumberFormatException noNumber) {
            // Refused below like a number out of bounds.
        }
        throw parameter(
                name, name + " is '" + given.get() + "'; it must be a whole number from " + min + " to " + max + ".");
    }

    /** A query parameter that is true or false; neither 1 nor yes, which would be taken for what they do not mean. */
    public boolean flag(String name, boolean otherwise) {
        Optional<String> given = query(name);
        if (given.isEmpty()) {
            return otherwise;
        }
        return switch (given.get()) {
            case "true" -> true;
            case "false" -> false;
            default -> throw parameter(name, name + " is '" + given.get() + "'; it must be true or false.");
        };
    }

    /** A problem with a query parameter. */
    public static Problem parameter(String name, String detail) {
        return Problem.of(ProblemCode.PARAMETER_INVALID, detail).parameter(name);
    }

    /** The body, which must be JSON and within the limit. */
    public byte[] json() {
        String type = mediaType();
        if (!type.equals("application/json") && !(type.startsWith("application/") && type.endsWith("+json"))) {
            throw unsupported("application/json", type);
        }
        return body(front.bodyLimitBytes());
    }

    /** The body as it was sent, of whatever media type, within the limit. */
    public byte[] bytes() {
        return body(front.bodyLimitBytes());
    }

    /** The media type that the body was sent with, as it was sent; empty if there is none. */
    public String contentType() {
        return header("Content-Type").orElse("").strip();
    }

    /** The fields of a form; an empty body has none. */
    public Map<String, String> form() {
        byte[] body = body(FORM_LIMIT_BYTES);
        if (body.length > 0 && !mediaType().equals("application/x-www-form-urlencoded")) {
            throw unsupported("application/x-www-form-urlencoded", mediaType());
        }
        Map<String, String> fields = new HashMap<>();
        try {
            for (String pair : new String(body, StandardCharsets.US_ASCII).split("&", 50)) {
                int equals = pair.indexOf('=');
                if (equals > 0) {
                    fields.put(
                            URLDecoder.decode(pair.substring(0, equals), StandardCharsets.UTF_8),
                            URLDecoder.decode(pair.substring(equals + 1), StandardCharsets.UTF_8));
                }
            }
        } catch (IllegalArgumentException malformed) {
            throw Problem.of(ProblemCode.BODY_INVALID, "The form is not URL-encoded.");
        }
        return fields;
    }

    /**
     * A form's fields; an empty body has none.
     *
     * @param limitBytes how long the body may be, as it is sent
     */
    public Form fields(int limitBytes) {
        byte[] body = body(limitBytes);
        if (body.length > 0 && !mediaType().equals("application/x-www-form-urlencoded")) {
            throw unsupported("application/x-www-form-urlencoded", mediaType());
        }
        return Form.parse(body);
    }

    /** Refuses a body on a route that takes none. */
    public void takesNoBody() {
        if (body(FORM_LIMIT_BYTES).length > 0) {
            throw Problem.of(ProblemCode.BODY_INVALID, "This route takes no body; leave it out.");
        }
    }

    private String mediaType() {
        return header("Content-Type").orElse("").split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    private static Problem unsupported(String wanted, String given) {
        return Problem.of(
                        ProblemCode.MEDIA_TYPE_UNSUPPORTED,
                        "The body came " + (given.isEmpty() ? "without a media type" : "as '" + given + "'")
                                + "; send it with 'Content-Type: " + wanted + "'.")
                .header("Accept", wanted);
    }

    /** Reads at most one byte more than the limit, whatever the client claims or sends. */
    private byte[] body(int limit) {
        long claimed = request.headers().contentLength().orElse(0);
        if (claimed > limit) {
            throw tooLarge(claimed + " bytes; ", limit);
        }
        if (!request.content().hasEntity()) {
            return new byte[0];
        }
        Pace.now(Pace.Step.BODY);
        try (InputStream in = request.content().inputStream()) {
            byte[] bytes = in.readNBytes(limit + 1);
            if (bytes.length > limit) {
                Arrays.fill(bytes, (byte) 0);
                throw tooLarge("more than is read here: ", limit);
            }
            return bytes;
        } catch (IOException failed) {
            refuseLate();
            throw new UncheckedIOException("The body could not be read", failed);
        } catch (Problem known) {
            throw known;
        } catch (RequestException | CloseConnectionException | UncheckedIOException known) {
            refuseLate();
            throw known;
        } catch (RuntimeException broken) {
            refuseLate();
            // Helidon meets a body that ends early, or chunks that are none, with exceptions of several kinds.
            throw Problem.of(
                            ProblemCode.REQUEST_MALFORMED,
                            "The body ended early, or its chunks are not as HTTP/1.1 has them.")
                    .header("Connection", "close");
        } finally {
            Pace.now(Pace.Step.ANSWERING);
        }
    }

    /** A body that took too long was cut off by us; that it ended early is not the client's word. */
    private static void refuseLate() {
        Pace pace = Pace.current();
        if (pace != null && pace.late()) {
            throw Problem.of(
                            ProblemCode.REQUEST_TIMEOUT,
                            "The body was not complete within "
                                    + pace.bodyTime().toSeconds() + " seconds; nothing was done.")
                    .header("Connection", "close");
        }
    }

    private static Problem tooLarge(String given, int limit) {
        return Problem.of(
                        ProblemCode.BODY_TOO_LARGE,
                        "The body has " + given + "the limit is " + limit
                                + " bytes. Send fewer jobs at a time, or keep large data elsewhere and send a"
                                + " reference to it.")
                .header("Connection", "close");
    }
}

package dev.tidemill.server.http;

import dev.tidemill.jobs.TidemillException;
import io.helidon.http.HeaderNames;
import io.helidon.http.RequestException;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.HttpRouting;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings requests to routes and answers back. Everything passes here once: the gate, the methods that a path knows,
 * errors as problems, the headers that every answer carries, and the clock.
 */
@SuppressWarnings("exports") // For the server itself: nobody else calls it.
public final class Router {
    private static final Logger LOG = LoggerFactory.getLogger(Router.class);
    /** What a page sends along when it looks what is new, and nobody asked it to. */
    private static final String REFRESH = "Tidemill-Refresh";

    private static final Set<String> ALWAYS = Set.of("/healthz", "/readyz", "/metrics");

    /** Answers a request. */
    @FunctionalInterface
    public interface Route {
        Reply answer(Call call);
    }

    /** Answers a request piece by piece, for as long as both sides like. */
    @FunctionalInterface
    public interface Stream {
        void answer(Call call, ServerResponse response);
    }

    /** Is told of every answer. */
    @FunctionalInterface
    public interface Timing {
        void answered(String method, String pattern, int status, Duration took);
    }

    /** Tells a person at a browser what is wrong. */
    @FunctionalInterface
    public interface ProblemPage {
        Reply answer(Call call, Problem problem);
    }

    /**
     * A route that there is.
     *
     * @param method in capitals; HEAD goes where GET goes
     * @param pattern of its path
     * @param permission what it asks for; null where it is for anybody
     */
    public record Entrance(
            String method, String pattern, @Nullable Permission permission) {}

    private record Entry(
            @Nullable Permission permission,
            @Nullable Route route,
            @Nullable Stream stream) {}

    private final Unavailable unavailable = new Unavailable();
    private final Map<String, Map<String, Entry>> patterns = new LinkedHashMap<>();
    private final Front front;
    private final InHand inHand = new InHand();
    private final Timing timing;
    private final BiFunction<Call, Reply, Reply> unauthorizedPage;
    private ProblemPage problemPage = (call, problem) -> problem.reply();

    /**
     * Creates one without routes.
     *
     * @param unauthorizedPage what a browser is shown instead of a bare refusal
     */
    public Router(Front front, Timing timing, BiFunction<Call, Reply, Reply> unauthorizedPage) {
        this.front = front;
        this.timing = timing;
        this.unauthorizedPage = unauthorizedPage;
    }

    /** Shows problems to browsers in this way, wherever they look but at the API. */
    public Router problemPage(ProblemPage page) {
        problemPage = page;
        return this;
    }

    /** Adds a route for whoever may read, if it is a GET, and otherwise for whoever may operate. */
    public Router on(String method, String pattern, Route route) {
        return on(method.equals("GET") ? Permission.READ : Permission.OPERATE, method, pattern, route);
    }

    /** Adds a route for whoever has this permission. */
    public Router on(Permission permission, String method, String pattern, Route route) {
        return add(method, pattern, new Entry(permission, route, null));
    }

    /** Adds a route for anybody. */
    public Router open(String method, String pattern, Route route) {
        return add(method, pattern, new Entry(null, route, null));
    }

    /** Adds a stream for whoever may read. */
    public Router stream(String pattern, Stream stream) {
        return add("GET", pattern, new Entry(Permission.READ, null, stream));
    }

    /** The routes that there are, in the order in which they were added. */
    public List<Entrance> entrances() {
        return patterns.entrySet().stream()
                .flatMap(path -> path.getValue().entrySet().stream()
                        .map(entry -> new Entrance(
                                entry.getKey(), path.getKey(), entry.getValue().permission())))
                .toList();
    }

    private Router add(String method, String pattern, Entry entry) {
        patterns.computeIfAbsent(pattern, key -> new LinkedHashMap<>()).put(method, entry);
        return this;
    }

    /** Puts the routes in place. */
    public void mount(HttpRouting.Builder routing) {
        patterns.forEach((pattern, methods) ->
                routing.any(pattern, (request, response) -> dispatch(pattern, methods, request, response)));
        routing.any((request, response) -> dispatch("unknown", Map.of(), request, response));
    }

    /** From now on answers ask clients to connect anew next time, elsewhere if they can. */
    public void drain() {
        inHand.drain();
    }

    /** Whether {@link #drain} was called. */
    public boolean draining() {
        return inHand.draining();
    }

    /** Waits for the requests in hand, streams aside, for at most this long; returns how many are left. */
    public int awaitAnswers(Duration atMost) {
        return inHand.await(atMost);
    }

    private void dispatch(String pattern, Map<String, Entry> methods, ServerRequest request, ServerResponse response) {
        Entry entry = methods.get(
                request.prologue().method().text().equals("HEAD")
                        ? "GET"
                        : request.prologue().method().text());
        if (entry != null && entry.stream() != null) {
            try {
                answer(pattern, methods, request, response);
            } finally {
                Pace.done();
            }
            return;
        }
        inHand.begin();
        try {
            answer(pattern, methods, request, response);
        } finally {
            inHand.end();
            Pace.done();
        }
    }

    private void answer(String pattern, Map<String, Entry> methods, ServerRequest request, ServerResponse response) {
        long began = System.nanoTime();
        Pace.now(Pace.Step.ANSWERING);
        Call call = new Call(request, front);
        String method = call.method();
        Entry entry = methods.get(method.equals("HEAD") ? "GET" : method);
        Headers.secure(call, response);
        Reply reply = null;
        Spans.Span span = front.spans().begin(call, methods.isEmpty() ? "" : pattern);
        call.traced(span);
        try {
            reply = reply(call, pattern, methods, entry, response);
            if (reply == null) {
                return;
            }
            if (inHand.draining()) {
                reply = reply.header("Connection", "close");
            }
            send(reply, method.equals("HEAD"), response);
        } finally {
            span.end(reply == null ? 0 : reply.status());
        }
        timing.answered(
                entry == null ? "OTHER" : method, pattern, reply.status(), Duration.ofNanos(System.nanoTime() - began));
        // Helidon 4.5.0 promises to close, and then waits for another request: its issue 12324.
        if (closes(call.header("Connection").orElse(""))
                || closes(reply.headers().getOrDefault("Connection", ""))) {
            throw new CloseConnectionException("The answer is sent, and one side asked to close");
        }
    }

    /** What to send; null if it was sent piece by piece. */
    private @Nullable Reply reply(
            Call call, String pattern, Map<String, Entry> methods, @Nullable Entry entry, ServerResponse response) {
        try {
            boolean invited = front.cors().greet(call, response);
            pass("address " + RateLimit.neighbourhood(call.address()), call, response);
            if (invited && Cors.isPreflight(call) && !methods.isEmpty()) {
                return Cors.preflight(allowed(methods));
            }
            front.gate()
                    .admit(call, entry == null ? Permission.READ : entry.permission(), invited, byPerson(call, entry));
            if (call.caller().means() != Caller.Means.NONE) {
                pass("caller " + call.caller().name(), call, response);
            }
            if (entry == null) {
                throw methods.isEmpty() ? unknown(call) : notAllowed(call.method(), methods);
            }
            if (entry.stream() != null && !call.method().equals("HEAD")) {
                entry.stream().answer(call, response);
                return null;
            }
            Route route = entry.route();
            // Of a stream HEAD is told the head, which says nothing, and not the end, which it has none of.
            return route == null ? Reply.empty(200) : unlessKnown(call, route.answer(call));
        } catch (Problem problem) {
            return refusal(call, problem);
        } catch (TidemillException failed) {
            return refusal(call, logged(call.method(), pattern, Problem.of(failed)));
        } catch (CloseConnectionException | RequestException helidons) {
            throw helidons;
        } catch (UncheckedIOException gone) {
            throw new CloseConnectionException("The client broke off while it sent its body", gone);
        } catch (RuntimeException failed) {
            LOG.error("{} {} failed", call.method(), pattern, failed);
            return Problem.of(ProblemCode.INTERNAL_ERROR, "The server's log has the reason.")
                    .reply();
        }
    }

    /** Pages connect to streams anew by themselves, and say with {@link #REFRESH} that they ask for themselves. */
    private static boolean byPerson(Call call, @Nullable Entry entry) {
        return (entry == null || entry.stream() == null) && call.header(REFRESH).isEmpty();
    }

    /** To whoever has that answer already it is not sent again. */
    private static Reply unlessKnown(Call call, Reply reply) {
        String tag = reply.headers().get("ETag");
        boolean known = tag != null
                && reply.status() == 200
                && (call.method().equals("GET") || call.method().equals("HEAD"))
                && call.header("If-None-Match")
                        .map(given -> Etag.known(given, tag))
                        .orElse(false);
        return known ? new Reply(304, "", Reply.empty(304).body(), reply.headers()) : reply;
    }

    /** Takes a token of somebody, and says what is left. What watches the server is always answered. */
    private void pass(String who, Call call, ServerResponse response) {
        if (!front.rates().set() || ALWAYS.contains(call.target())) {
            return;
        }
        RateLimit.Left left = front.rates().take(who);
        if (call.target().startsWith("/api/")) {
            front.rates().headers(left).forEach((name, value) -> response.header(HeaderNames.create(name), value));
        }
        if (!left.allowed()) {
            throw Problem.of(
                            ProblemCode.TOO_MANY_REQUESTS,
                            "More requests came than are answered; send the next in " + left.waitSeconds()
                                    + " seconds, and up to 10,000 jobs in one.")
                    .header("Retry-After", Integer.toString(left.waitSeconds()));
        }
    }

    private static boolean closes(String connection) {
        return connection.toLowerCase(Locale.ROOT).contains("close");
    }

    private static Problem unknown(Call call) {
        return Problem.of(ProblemCode.ROUTE_UNKNOWN, "Nothing is served at " + call.target() + ".");
    }

    private static String allowed(Map<String, Entry> methods) {
        TreeSet<String> allowed = new TreeSet<>(methods.keySet());
        if (allowed.contains("GET")) {
            allowed.add("HEAD");
        }
        return String.join(", ", allowed);
    }

    private static Problem notAllowed(String method, Map<String, Entry> methods) {
        String list = allowed(methods);
        return Problem.of(ProblemCode.METHOD_NOT_ALLOWED, method + " is not allowed here; use " + list + ".")
                .header("Allow", list);
    }

    private Reply refusal(Call call, Problem problem) {
        Reply reply = problem.reply();
        boolean browser = call.header("Accept").orElse("").contains("text/html")
                || call.header("HX-Request").isPresent();
        if (browser && problem.status() == 401) {
            return unauthorizedPage.apply(call, reply);
        }
        return browser && !call.target().startsWith("/api/") ? problemPage.answer(call, problem) : reply;
    }

    private Problem logged(String method, String pattern, Problem problem) {
        if (problem.status() == 503) {
            unavailable.note(method, pattern, problem);
        } else if (problem.status() >= 500) {
            LOG.warn("{} {}: {}", method, pattern, problem.code(), problem.getCause());
        }
        return problem;
    }

    private static void send(Reply reply, boolean head, ServerResponse response) {
        Pace.now(Pace.Step.SENDING);
        response.status(reply.status());
        reply.headers().forEach((name, value) -> response.header(HeaderNames.create(name), value));
        if (!reply.mediaType().isEmpty()) {
            response.header(HeaderNames.CONTENT_TYPE, reply.mediaType());
        }
        if (head) {
            response.contentLength(reply.body().length);
            response.send();
        } else {
            response.send(reply.body());
        }
    }
}

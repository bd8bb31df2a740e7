package dev.tidemill.jobs;

import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * An {@link HttpClient} that sends at most so many requests at a time to one host, 20 unless told otherwise, so that a
 * thousand handlers do not fall upon one provider. Those beyond wait their turn, in the order in which they came, for a
 * bounded time. Thread safe; make one for a process, since it counts what goes through it.
 *
 * <pre>{@code
 * HostLimits http = HostLimits.over(HttpClient.newHttpClient());
 * HttpResponse<String> answer = HostLimits.heed(http.send(request, BodyHandlers.ofString()));
 * }</pre>
 */
public final class HostLimits {
    private static final int PER_HOST = 20;
    private static final Duration WAIT = Duration.ofSeconds(30);
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(30);
    private static final Duration UNTOLD = Duration.ofSeconds(30);
    private static final Duration LEAST = Duration.ofSeconds(1);
    private static final int TOO_MANY_REQUESTS = 429;
    private static final int UNAVAILABLE = 503;

    /** One host's turns; there while somebody has one or waits for one. */
    private static final class Turns {
        private final Semaphore free;
        private int users;

        Turns(int atOnce) {
            this.free = new Semaphore(atOnce, true);
        }
    }

    private final HttpClient client;
    private final int perHost;
    private final Duration wait;
    private final Map<String, Turns> hosts = new HashMap<>();
    private final LongAdder missed = new LongAdder();

    private HostLimits(HttpClient client, int perHost, Duration wait) {
        this.client = client;
        this.perHost = perHost;
        this.wait = wait;
    }

    /** Over this client: 20 requests at a time to one host, which wait up to 30 s for their turn. */
    public static HostLimits over(HttpClient client) {
        return new HostLimits(client, PER_HOST, WAIT);
    }

    /** Another one that sends this many at a time, 1 to 10,000. */
    public HostLimits perHost(int atOnce) {
        if (atOnce < 1 || atOnce > 10_000) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, atOnce + " requests at a time were asked for; it takes 1 to 10,000.");
        }
        return new HostLimits(client, atOnce, wait);
    }

    /** Another one in which requests wait this long for their turn, 0 to 3653 days. */
    public HostLimits waitAtMost(Duration longest) {
        return new HostLimits(client, perHost, EnqueueOptions.validDelay(longest));
    }

    /**
     * Sends a request once it is its turn. The request's time limit, 30 s if it has none, is for the answer with all that
     * the body handler reads of it; one that hands on a stream reads nothing, and its turn ends before the stream does.
     * Redirects count for the host that was asked first.
     *
     * @throws HttpTimeoutException if its turn did not come in time, or the answer
     * @throws InterruptedException if the thread was interrupted, waiting or sending
     */
    public <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> body)
            throws IOException, InterruptedException {
        String host = hostOf(request);
        Turns turns = enter(host);
        boolean mine = false;
        try {
            mine = turns.free.tryAcquire(wait.toNanos(), TimeUnit.NANOSECONDS);
            if (!mine) {
                missed.increment();
                throw new HttpTimeoutException(
                        "No turn came for " + host + " within " + wait + ": " + perHost + " requests are under way.");
            }
            return sendNow(request, body);
        } finally {
            leave(host, turns, mine);
        }
    }

    /** The client's own limit ends with the headers. */
    private <T> HttpResponse<T> sendNow(HttpRequest request, HttpResponse.BodyHandler<T> body)
            throws IOException, InterruptedException {
        Duration within = bounded(request.timeout().orElse(ANSWER_WITHIN), Duration.ofNanos(1));
        CompletableFuture<HttpResponse<T>> answer = client.sendAsync(request, body);
        try {
            return answer.get(within.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException late) {
            throw new HttpTimeoutException("No whole answer came from " + hostOf(request) + " within " + within + ".");
        } catch (ExecutionException failed) {
            throw failure(failed);
        } finally {
            // No-op when the answer is there; else it ends the exchange.
            answer.cancel(true);
        }
    }

    private static IOException failure(ExecutionException failed) {
        return switch (failed.getCause()) {
            case IOException io -> io;
            case RuntimeException broken -> throw broken;
            case Error error -> throw error;
            case null, default -> new IOException(failed);
        };
    }

    /** How many requests are under way to a host or wait for their turn; the host without its port. */
    public int busy(String host) {
        synchronized (hosts) {
            Turns turns = hosts.get(host.toLowerCase(Locale.ROOT));
            return turns == null ? 0 : turns.users;
        }
    }

    /**
     * How the turns stand at this moment, of the hosts that have requests under way or waiting: those first that most wait
     * for, then those that most are under way to. Of what goes through this one alone, so another process's requests are
     * not in it; empty where nothing is under way. Each host's figures are of one moment.
     */
    public List<HostStats> stats() {
        List<HostStats> all = new ArrayList<>();
        synchronized (hosts) {
            hosts.forEach((host, turns) -> {
                int underWay = perHost - turns.free.availablePermits();
                all.add(new HostStats(host, underWay, turns.users - underWay, perHost));
            });
        }
        all.sort(Comparator.comparingInt(HostStats::waiting)
                .thenComparingInt(HostStats::underWay)
                .reversed()
                .thenComparing(HostStats::host));
        return all;
    }

    /** How many requests may be under way to one host. */
    public int cap() {
        return perHost;
    }

    /**
     * How many requests were not sent since this was made, because their turn did not come in time. Those that were
     * interrupted while they waited are not counted.
     */
    public long turnsMissed() {
        return missed.sum();
    }

    private static String hostOf(HttpRequest request) {
        String host = request.uri().getHost();
        return host == null ? "" : host.toLowerCase(Locale.ROOT);
    }

    private Turns enter(String host) {
        synchronized (hosts) {
            Turns turns = hosts.computeIfAbsent(host, name -> new Turns(perHost));
            turns.users++;
            return turns;
        }
    }

    /** A turn ends together with its user, so that nobody who is through is taken for one who waits. */
    private void leave(String host, Turns turns, boolean hadTurn) {
        synchronized (hosts) {
            if (hadTurn) {
                turns.free.release();
            }
            turns.users--;
            if (turns.users == 0) {
                hosts.remove(host);
            }
        }
    }

    /**
     * Passes an answer on unless it says that too much was asked: 429, or 503 (RFC 9110).
     *
     * @throws Retry rate limited, for as long as {@code Retry-After} says, at least a second; 30 s if it says nothing
     *     readable
     */
    public static <T> HttpResponse<T> heed(HttpResponse<T> answer) {
        int status = answer.statusCode();
        if (status != TOO_MANY_REQUESTS && status != UNAVAILABLE) {
            return answer;
        }
        String host = hostOf(answer.request());
        Optional<String> after = answer.headers().firstValue("Retry-After").map(String::strip);
        if (after.isEmpty()) {
            throw Retry.rateLimited(UNTOLD, host + " answered " + status + ".");
        }
        String reason = host + " answered " + status + ", Retry-After: " + shortened(after.get());
        if (after.get().matches("[0-9]{1,9}")) {
            throw Retry.rateLimited(bounded(Duration.ofSeconds(Long.parseLong(after.get())), LEAST), reason);
        }
        Instant until = date(after.get());
        if (until == null) {
            throw Retry.rateLimited(UNTOLD, reason);
        }
        // By the clock that named the time, if it also says what time it is there.
        Instant said = answer.headers().firstValue("Date").map(HostLimits::date).orElse(null);
        throw said == null
                ? Retry.rateLimitedUntil(until, reason)
                : Retry.rateLimited(bounded(Duration.between(said, until), LEAST), reason);
    }

    private static Duration bounded(Duration wanted, Duration least) {
        if (wanted.compareTo(least) < 0) {
            return least;
        }
        return wanted.compareTo(EnqueueOptions.MAX_DELAY) > 0 ? EnqueueOptions.MAX_DELAY : wanted;
    }

    private static @Nullable Instant date(String value) {
        try {
            return ZonedDateTime.parse(value.strip(), DateTimeFormatter.RFC_1123_DATE_TIME)
                    .toInstant();
        } catch (DateTimeException unreadable) {
            return null;
        }
    }

    private static String shortened(String value) {
        return value.length() <= 100 ? value : value.substring(0, 100) + "…";
    }
}

package dev.tidemill.server;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.HostLimits;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.server.http.Connections;
import dev.tidemill.server.http.Cors;
import dev.tidemill.server.http.Proxies;
import dev.tidemill.server.http.RateLimit;
import dev.tidemill.server.http.Spans;
import dev.tidemill.server.http.TlsFiles;
import dev.tidemill.server.push.SecretSeal;
import dev.tidemill.server.traces.RequestSpans;
import io.opentelemetry.api.OpenTelemetry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Collects what a server needs to start. For one thread. */
public final class TidemillServerBuilder {
    private static final int RATE_LIMIT = 5_000;
    private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]{16,512}");

    final Tidemill mill;

    @Nullable
    HandMill hand;

    String host = "127.0.0.1";
    int port;
    int bodyLimitBytes = 16 << 20;
    int maxLivePages = 200;

    @Nullable
    String token;

    boolean open;
    Proxies proxies = Proxies.NONE;
    Duration bodyTime = Duration.ofMinutes(1);
    Connections.@Nullable Times times;
    long bodyRoomBytes;
    int maxConnections;
    Cors cors = Cors.OFF;
    RateLimit rates = new RateLimit(RATE_LIMIT, System::nanoTime);

    @Nullable
    URI advertised;

    boolean allowPrivateEndpoints;
    SecretSeal seal = SecretSeal.NONE;
    Spans spans = Spans.NONE;

    @Nullable
    ServedCaches caches;

    @Nullable
    HostLimits hosts;

    @Nullable
    TlsFiles tls;

    TidemillServerBuilder(Tidemill mill) {
        this.mill = mill;
    }

    /** Listens on this port; 0, the default, is any free one. */
    public TidemillServerBuilder port(int value) {
        port = between("port", value, 0, 65_535);
        return this;
    }

    /** Listens on this address, 127.0.0.1 unless told otherwise. */
    public TidemillServerBuilder host(String value) {
        host = value;
        return this;
    }

    /**
     * Asks nobody who they are: whoever is on the machine may do everything. Only on a loopback address, and under a
     * loopback name. Without this every route but health asks for a log-in or an API key.
     */
    public TidemillServerBuilder open() {
        open = true;
        return this;
    }

    /**
     * Speaks https with this certificate and key. Files that change are read again; nothing is restarted.
     *
     * @param certificate PEM: the server's own first, then those between it and the authority
     * @param key PEM: {@code BEGIN PRIVATE KEY}, not encrypted
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if they cannot be read or do not fit together
     */
    public TidemillServerBuilder tls(Path certificate, Path key) {
        tls = new TlsFiles(certificate, key);
        return this;
    }

    /**
     * Takes the word of the proxies in these networks on where a request came from, and whether by https: {@code
     * X-Forwarded-For} and {@code X-Forwarded-Proto}.
     *
     * @param networks as {@code 10.0.0.0/8}, {@code fd00::/8} or a single address
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if one is written otherwise
     */
    public TidemillServerBuilder trustedProxies(List<String> networks) {
        proxies = Proxies.in(networks);
        return this;
    }

    /**
     * Lets whoever has this token do everything, by {@code Authorization: Bearer} or by the log-in form, besides the
     * users and API keys that there are. 16 to 512 visible ASCII characters.
     */
    public TidemillServerBuilder token(String value) {
        if (!TOKEN.matcher(value).matches()) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The token has " + value.length() + " characters; it needs 16 to 512, all of them visible"
                            + " ASCII without spaces. Make one with: openssl rand -hex 32");
        }
        token = value;
        return this;
    }

    /** The longest request body in bytes: 16 MiB unless told otherwise, 1 KiB to 256 MiB. */
    public TidemillServerBuilder bodyLimit(int bytes) {
        bodyLimitBytes = between("The body limit", bytes, 1 << 10, 256 << 20);
        return this;
    }

    /**
     * How long a request's body may take to come: a minute unless told otherwise, one second to an hour. Whoever takes
     * longer is answered with 408. A head has 20 seconds from its first byte, the client a minute to take the answer.
     */
    public TidemillServerBuilder bodyTime(Duration value) {
        if (value.compareTo(Duration.ofSeconds(1)) < 0 || value.compareTo(Duration.ofHours(1)) > 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The time for a body is " + value + "; it must be between 1 second and 1 hour.");
        }
        bodyTime = value;
        return this;
    }

    /** Another bound on what is in memory of requests, for tests that reach it. */
    TidemillServerBuilder bodyRoom(long bytes) {
        bodyRoomBytes = bytes;
        return this;
    }

    /** Another bound on the connections that are open at a time, for tests that reach it. */
    TidemillServerBuilder maxConnections(int value) {
        maxConnections = value;
        return this;
    }

    /** Other times for all of it, for tests that wait for them. */
    TidemillServerBuilder times(Connections.Times value) {
        times = value;
        return this;
    }

    /**
     * Lets pages of these origins use the API from browsers (CORS), with an API key: {@code https://app.example.com}.
     * None unless told otherwise.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if one is written otherwise; there is no wildcard
     */
    public TidemillServerBuilder corsOrigins(List<String> origins) {
        cors = Cors.of(origins);
        return this;
    }

    /**
     * How many requests a second each caller, and each address, may send in the long run, with ten seconds' worth at
     * once: 5,000 unless told otherwise, up to 1,000,000; 0 for no limit. Of IPv6 a network of 64 bits counts as an
     * address. Health and metrics are always answered.
     */
    public TidemillServerBuilder rateLimit(int perSecond) {
        rates = new RateLimit(perSecond, System::nanoTime);
        return this;
    }

    /** How many pages may be live at a time: 200 unless told otherwise, 0 to 10,000. Others show, but stand still. */
    public TidemillServerBuilder maxLivePages(int value) {
        maxLivePages = between("maxLivePages", value, 0, 10_000);
        return this;
    }

    /**
     * Sends jobs also to endpoints on this machine and in its network, and without TLS. For development and tests:
     * whoever may register endpoints then sees through this server what stands behind it.
     */
    public TidemillServerBuilder allowPrivateEndpoints() {
        allowPrivateEndpoints = true;
        return this;
    }

    /** Shows these caches, and serves those of them that are to be served; they stay their owner's to close. */
    public TidemillServerBuilder caches(ServedCaches value) {
        caches = value;
        return this;
    }

    /** Tells {@code /metrics} whom the application's handlers call through this, and for whom they wait. */
    public TidemillServerBuilder hosts(HostLimits value) {
        hosts = value;
        return this;
    }

    /**
     * Seals the secrets of endpoints in the database by these keys: base64 of 32 bytes each, one a line. The first one
     * seals, all of them open; so a new key is first given to all servers as the last one, then as the first.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if one is written otherwise
     */
    public TidemillServerBuilder secretKeys(String lines) {
        seal = SecretSeal.by(lines);
        return this;
    }

    /**
     * Traces requests with OpenTelemetry: a SERVER span each, which continues the request's W3C trace context, and is
     * continued by the jobs that are enqueued over HTTP. None without it.
     */
    public TidemillServerBuilder tracing(OpenTelemetry openTelemetry) {
        spans = new RequestSpans(openTelemetry);
        return this;
    }

    /**
     * Where remote workers reach this very server, where several stand behind one address: {@code http} or
     * {@code https}, without a path. Jobs that it hands out are to be finished there.
     */
    public TidemillServerBuilder advertise(URI url) {
        if (url.getHost() == null
                || !(url.getScheme().equals("http") || url.getScheme().equals("https"))
                || !url.getRawPath().isEmpty()
                || url.getRawQuery() != null
                || url.getRawUserInfo() != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The address to advertise is '" + url + "'; give it as http://host:port or https://host.");
        }
        advertised = url;
        return this;
    }

    private static int between(String what, int value, int min, int max) {
        if (value < min || value > max) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    what + " is " + value + "; it must be between " + min + " and " + max + ".");
        }
        return value;
    }

    /**
     * Binds the port and serves.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if the host is unknown, the port taken, or the
     *     server is to be open and the address is not a loopback one, or a token is set too; or what the database
     *     says about its tables
     */
    public TidemillServer start() {
        InetAddress address = address();
        if (open && token != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The server is to be open and has a token; an open one asks for none. Leave one of them out.");
        }
        if (open && !address.isLoopbackAddress()) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The host " + host + " can be reached from other machines, and the server is to be open. An"
                            + " open server listens on loopback addresses only: leave --open out, or use"
                            + " 127.0.0.1.");
        }
        refuseTakenPort(address);
        TidemillServer server = new TidemillServer(this, address);
        try {
            if (!server.listen()) {
                throw taken(null);
            }
        } catch (TidemillException refused) {
            server.stop();
            throw refused;
        } catch (RuntimeException failed) {
            server.stop();
            throw taken(failed);
        }
        server.begin(hand == null);
        return server;
    }

    /** Binding for a moment finds a taken port before Helidon logs it as a failure of its own. */
    private void refuseTakenPort(InetAddress address) {
        try (ServerSocket probe = new ServerSocket()) {
            probe.setReuseAddress(true);
            probe.bind(new InetSocketAddress(address, port));
        } catch (IOException failed) {
            throw taken(failed);
        }
    }

    private TidemillException taken(@Nullable Throwable cause) {
        return new TidemillException(
                ErrorCode.INVALID_OPTION,
                "Listening on " + host + " port " + port + " failed; is something else there? Choose another"
                        + " port, or 0 for a free one.",
                cause);
    }

    private InetAddress address() {
        try {
            return InetAddress.getByName(host);
        } catch (UnknownHostException unknown) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The host " + host + " is unknown; give an address of this machine.",
                    unknown);
        }
    }
}

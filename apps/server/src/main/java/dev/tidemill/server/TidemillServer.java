package dev.tidemill.server;

import dev.tidemill.cache.Caches;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.access.AccessControl;
import dev.tidemill.server.access.Accounts;
import dev.tidemill.server.access.Token;
import dev.tidemill.server.api.ActionsApi;
import dev.tidemill.server.api.AuditApi;
import dev.tidemill.server.api.BreakersApi;
import dev.tidemill.server.api.CachesApi;
import dev.tidemill.server.api.ControlApi;
import dev.tidemill.server.api.DeadLettersApi;
import dev.tidemill.server.api.DoctorApi;
import dev.tidemill.server.api.EndpointsApi;
import dev.tidemill.server.api.HandRounds;
import dev.tidemill.server.api.IdempotencyKeys;
import dev.tidemill.server.api.JobsApi;
import dev.tidemill.server.api.KeysApi;
import dev.tidemill.server.api.LogLevelApi;
import dev.tidemill.server.api.NodesApi;
import dev.tidemill.server.api.OpenApi;
import dev.tidemill.server.api.ProcessApi;
import dev.tidemill.server.api.QueuesApi;
import dev.tidemill.server.api.RetentionApi;
import dev.tidemill.server.api.RulesApi;
import dev.tidemill.server.api.SchedulesApi;
import dev.tidemill.server.api.SearchApi;
import dev.tidemill.server.api.StatsApi;
import dev.tidemill.server.api.UsersApi;
import dev.tidemill.server.api.WorkApi;
import dev.tidemill.server.caches.CacheHistory;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.server.dashboard.CachePages;
import dev.tidemill.server.dashboard.Dashboard;
import dev.tidemill.server.http.Connections;
import dev.tidemill.server.http.Cors;
import dev.tidemill.server.http.Front;
import dev.tidemill.server.http.Gate;
import dev.tidemill.server.http.Proxies;
import dev.tidemill.server.http.RateLimit;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.http.Spans;
import dev.tidemill.server.http.TlsFiles;
import dev.tidemill.server.http.WireErrors;
import dev.tidemill.server.meters.Meters;
import dev.tidemill.server.page.Latest;
import dev.tidemill.server.page.LivePage;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.push.Pusher;
import dev.tidemill.server.push.SecretSeal;
import dev.tidemill.server.tables.ServerTables;
import dev.tidemill.server.traces.RequestSpans;
import io.helidon.common.tls.Tls;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import io.opentelemetry.api.OpenTelemetry;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The HTTP server around a {@link Tidemill}: the JSON API, the dashboard, health and metrics.
 *
 * <pre>{@code
 * TidemillServer server = TidemillServer.builder(mill).port(0).start();
 * System.out.println(server.url());
 * }</pre>
 *
 * <p>Every route but health asks for a log-in, an API key or the server's token, unless it is {@link Builder#open open}.
 * It listens on the loopback address unless told otherwise. The mill stays its owner's: stopping the server does not stop
 * it. Thread safe.
 */
public final class TidemillServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TidemillServer.class);
    private static final Duration STATS_MAX_AGE = Duration.ofSeconds(2);
    private static final Duration STOP_GRACE = Duration.ofSeconds(10);
    private static final int SHARE_OF_BODIES = 8;

    private final String host;
    private final boolean secure;
    private final WebServer web;
    private final Connections connections;
    private final LivePage page;
    private final Meters meters;
    private final Accounts accounts;
    private final Router router;
    private final Optional<String> setUpCode;
    private final WorkApi work;
    private final Pusher pusher;
    /** Where the application has none: empty, so that pages and routes have something to show. */
    private final Optional<Caches> ownCaches;

    private final CacheHistory cacheHistory;
    private final Object stopLock = new Object();
    private boolean stopped;

    private TidemillServer(Builder builder, InetAddress address) {
        this.host = builder.host;
        this.secure = builder.tls != null;
        Tidemill mill = builder.mill;
        this.accounts = new Accounts(mill.dataSource(), mill.schema());
        accounts.migrate();
        Latest<Optional<Stats>> stats = new Latest<>(() -> statsOf(mill), STATS_MAX_AGE);
        this.ownCaches = builder.caches == null ? Optional.of(Caches.local()) : Optional.empty();
        ServedCaches caches = builder.caches == null ? ServedCaches.of(ownCaches.orElseThrow()) : builder.caches;
        this.cacheHistory = new CacheHistory(caches, InstantSource.system());
        this.meters = new Meters(stats::get, mill, caches);
        Pages pages = new Pages(
                !builder.open, () -> stats.get().map(Stats::deadLetters).orElse(0L));
        this.page = new LivePage(mill, pages, this::url, !builder.open, builder.maxLivePages);
        Token token = builder.token == null ? null : new Token(builder.token);
        AccessControl access = new AccessControl(accounts, token, builder.open, pages);
        this.router = new Router(
                        new Front(
                                new Gate(access.identification()),
                                builder.proxies,
                                builder.bodyLimitBytes,
                                builder.cors,
                                builder.rates,
                                builder.spans),
                        meters::answered,
                        access::instead)
                .problemPage(pages::problem);
        page.mount(router);
        ServerTables tables = new ServerTables(mill.dataSource(), mill.schema());
        this.pusher = new Pusher(mill, tables, builder.seal, builder.allowPrivateEndpoints);
        Function<Duration, Diagnosis> doctor = patience -> pusher.book().examined(mill.diagnose(patience));
        Dashboard.mount(mill, doctor, pusher, pages, router);
        new CachePages(caches, cacheHistory, tables, pages).mount(router);
        access.mount(router);
        new UsersApi(accounts).mount(router);
        new KeysApi(accounts).mount(router);
        new JobsApi(mill, new IdempotencyKeys(mill, tables)).mount(router);
        new SearchApi(mill).mount(router);
        new QueuesApi(mill).mount(router);
        new DeadLettersApi(mill).mount(router);
        new SchedulesApi(mill).mount(router);
        new StatsApi(mill).mount(router);
        new ControlApi(mill).mount(router);
        new ActionsApi(mill).mount(router);
        new NodesApi(mill).mount(router);
        new AuditApi(mill).mount(router);
        new BreakersApi(mill).mount(router);
        new RulesApi(mill).mount(router);
        new ProcessApi(mill).mount(router);
        new DoctorApi(mill, doctor).mount(router);
        new RetentionApi(mill).mount(router);
        new CachesApi(caches, tables).mount(router);
        new LogLevelApi(tables).mount(router);
        this.work = new WorkApi(mill, builder.advertised);
        work.mount(router);
        new EndpointsApi(pusher, builder.hand == null ? null : new HandRounds(builder.hand)).mount(router);
        new OpenApi().mount(router);
        meters.mount(router);
        this.setUpCode = access.setUpCode();
        // Bodies are bounded one by one; this bounds them together, and leaves most of the heap to what becomes of
        // them.
        this.connections = new Connections(
                builder.times == null ? Connections.usual(builder.bodyTime) : builder.times,
                builder.bodyRoomBytes > 0
                        ? builder.bodyRoomBytes
                        : Math.max(
                                2L * builder.bodyLimitBytes,
                                Runtime.getRuntime().maxMemory() / SHARE_OF_BODIES));
        WebServerConfig.Builder web = WebServer.builder()
                .address(address)
                .port(builder.port)
                .shutdownHook(false)
                // Routes refuse at their own limit; this one bounds what is read past a refusal.
                .maxPayloadSize(builder.bodyLimitBytes + (1L << 20))
                .directHandlers(WireErrors.handlers())
                .useNio(false)
                .connectionOptions(connections.options())
                .protocolsDiscoverServices(false)
                .addConnectionSelector(connections)
                .routing(router::mount);
        if (builder.tls != null) {
            web.tls(Tls.builder().sslContext(builder.tls.context()).build());
        }
        this.web = web.build();
    }

    private static Optional<Stats> statsOf(Tidemill mill) {
        try {
            return Optional.of(mill.stats());
        } catch (TidemillException unreachable) {
            return Optional.empty();
        }
    }

    /** Begins to describe a server around this mill. */
    public static Builder builder(Tidemill mill) {
        return new Builder(mill);
    }

    /**
     * Begins to describe a server around a mill that is turned by hand: for a platform that runs a process only while it
     * answers requests. {@code POST /api/v1/work/run} runs due jobs by the mill's handlers, and nothing else does; nobody
     * else may turn it. Jobs are handed neither to endpoints nor to remote workers by such a server.
     */
    public static Builder builder(HandMill hand) {
        Builder builder = new Builder(hand.tidemill());
        builder.hand = hand;
        return builder;
    }

    /** The port it listens on. */
    public int port() {
        return web.port();
    }

    /** Where the page and the API are, without a slash at the end: {@code http://127.0.0.1:8080}. */
    public String url() {
        return (secure ? "https://" : "http://") + (host.contains(":") ? "[" + host + "]" : host) + ":" + port();
    }

    /** Who may use it: users and API keys, which all servers on this database share. */
    public Accounts accounts() {
        return accounts;
    }

    /**
     * The link by which the first user is made; empty if there were users when it started, or it has a token, or is
     * open. It holds for a day, once, and for whoever has it: show it to whoever runs the server, and to nobody else.
     */
    public Optional<String> setUpLink() {
        return setUpCode.map(code -> url() + "/setup?code=" + code);
    }

    /** The routes that there are. */
    List<Router.Entrance> entrances() {
        return router.entrances();
    }

    /** How many bytes of requests are in memory. */
    long inMemory() {
        return connections.inMemory();
    }

    /** How many requests are being answered, live pages aside. */
    int inHand() {
        return router.awaitAnswers(Duration.ZERO);
    }

    /**
     * Says on {@code /readyz} that it is stopping, and goes on serving, so that a load balancer has time to look
     * elsewhere; {@link #stop} follows. Calling it twice does nothing.
     */
    public void drain() {
        router.drain();
    }

    /**
     * Ends the live pages, finishes the requests in hand, for up to ten seconds, and lets go of the port. Stopping twice
     * does nothing.
     */
    public void stop() {
        synchronized (stopLock) {
            if (stopped) {
                return;
            }
            stopped = true;
        }
        router.drain();
        page.close();
        pusher.close();
        cacheHistory.close();
        work.close();
        int left = router.awaitAnswers(STOP_GRACE);
        if (left > 0) {
            LOG.warn("{} requests were not answered within {}; they are cut off.", left, STOP_GRACE);
        }
        web.stop();
        connections.close();
        meters.close();
        ownCaches.ifPresent(Caches::close);
    }

    /** As {@link #stop}. */
    @Override
    public void close() {
        stop();
    }

    /** Collects what a server needs to start. For one thread. */
    public static final class Builder {
        private static final int RATE_LIMIT = 5_000;
        private static final Pattern TOKEN = Pattern.compile("[\\x21-\\x7e]{16,512}");

        private final Tidemill mill;
        private @Nullable HandMill hand;
        private String host = "127.0.0.1";
        private int port;
        private int bodyLimitBytes = 16 << 20;
        private int maxLivePages = 200;
        private @Nullable String token;
        private boolean open;
        private Proxies proxies = Proxies.NONE;
        private Duration bodyTime = Duration.ofMinutes(1);
        private Connections.@Nullable Times times;
        private long bodyRoomBytes;
        private Cors cors = Cors.OFF;
        private RateLimit rates = new RateLimit(RATE_LIMIT, System::nanoTime);
        private @Nullable URI advertised;
        private boolean allowPrivateEndpoints;
        private SecretSeal seal = SecretSeal.NONE;
        private Spans spans = Spans.NONE;
        private @Nullable ServedCaches caches;

        private @Nullable TlsFiles tls;

        private Builder(Tidemill mill) {
            this.mill = mill;
        }

        /** Listens on this port; 0, the default, is any free one. */
        public Builder port(int value) {
            port = between("port", value, 0, 65_535);
            return this;
        }

        /** Listens on this address, 127.0.0.1 unless told otherwise. */
        public Builder host(String value) {
            host = value;
            return this;
        }

        /**
         * Asks nobody who they are: whoever is on the machine may do everything. Only on a loopback address, and under a
         * loopback name. Without this every route but health asks for a log-in or an API key.
         */
        public Builder open() {
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
        public Builder tls(Path certificate, Path key) {
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
        public Builder trustedProxies(List<String> networks) {
            proxies = Proxies.in(networks);
            return this;
        }

        /**
         * Lets whoever has this token do everything, by {@code Authorization: Bearer} or by the log-in form, besides the
         * users and API keys that there are. 16 to 512 visible ASCII characters.
         */
        public Builder token(String value) {
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
        public Builder bodyLimit(int bytes) {
            bodyLimitBytes = between("The body limit", bytes, 1 << 10, 256 << 20);
            return this;
        }

        /**
         * How long a request's body may take to come: a minute unless told otherwise, one second to an hour. Whoever takes
         * longer is answered with 408. A head has 20 seconds from its first byte, the client a minute to take the answer.
         */
        public Builder bodyTime(Duration value) {
            if (value.compareTo(Duration.ofSeconds(1)) < 0 || value.compareTo(Duration.ofHours(1)) > 0) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "The time for a body is " + value + "; it must be between 1 second and 1 hour.");
            }
            bodyTime = value;
            return this;
        }

        /** Another bound on what is in memory of requests, for tests that reach it. */
        Builder bodyRoom(long bytes) {
            bodyRoomBytes = bytes;
            return this;
        }

        /** Other times for all of it, for tests that wait for them. */
        Builder times(Connections.Times value) {
            times = value;
            return this;
        }

        /**
         * Lets pages of these origins use the API from browsers (CORS), with an API key: {@code https://app.example.com}.
         * None unless told otherwise.
         *
         * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if one is written otherwise; there is no wildcard
         */
        public Builder corsOrigins(List<String> origins) {
            cors = Cors.of(origins);
            return this;
        }

        /**
         * How many requests a second each caller, and each address, may send in the long run, with ten seconds' worth at
         * once: 5,000 unless told otherwise, up to 1,000,000; 0 for no limit. Of IPv6 a network of 64 bits counts as an
         * address. Health and metrics are always answered.
         */
        public Builder rateLimit(int perSecond) {
            rates = new RateLimit(perSecond, System::nanoTime);
            return this;
        }

        /** How many pages may be live at a time: 200 unless told otherwise, 0 to 10,000. Others show, but stand still. */
        public Builder maxLivePages(int value) {
            maxLivePages = between("maxLivePages", value, 0, 10_000);
            return this;
        }

        /**
         * Sends jobs also to endpoints on this machine and in its network, and without TLS. For development and tests:
         * whoever may register endpoints then sees through this server what stands behind it.
         */
        public Builder allowPrivateEndpoints() {
            allowPrivateEndpoints = true;
            return this;
        }

        /** Shows these caches, and serves those of them that are to be served; they stay their owner's to close. */
        public Builder caches(ServedCaches value) {
            caches = value;
            return this;
        }

        /**
         * Seals the secrets of endpoints in the database by these keys: base64 of 32 bytes each, one a line. The first one
         * seals, all of them open; so a new key is first given to all servers as the last one, then as the first.
         *
         * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if one is written otherwise
         */
        public Builder secretKeys(String lines) {
            seal = SecretSeal.by(lines);
            return this;
        }

        /**
         * Traces requests with OpenTelemetry: a SERVER span each, which continues the request's W3C trace context, and is
         * continued by the jobs that are enqueued over HTTP. None without it.
         */
        public Builder tracing(OpenTelemetry openTelemetry) {
            spans = new RequestSpans(openTelemetry);
            return this;
        }

        /**
         * Where remote workers reach this very server, where several stand behind one address: {@code http} or
         * {@code https}, without a path. Jobs that it hands out are to be finished there.
         */
        public Builder advertise(URI url) {
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
                server.web.start();
            } catch (RuntimeException failed) {
                server.stop();
                throw taken(failed);
            }
            // Helidon says only in its log that it could not bind.
            if (!server.web.isRunning() || server.port() < 1) {
                server.stop();
                throw taken(null);
            }
            server.connections.start();
            if (hand == null) {
                server.pusher.start();
            }
            server.cacheHistory.start();
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
}

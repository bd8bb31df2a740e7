package dev.tidemill.server;

import dev.tidemill.cache.Caches;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.access.AccessControl;
import dev.tidemill.server.access.Accounts;
import dev.tidemill.server.access.Token;
import dev.tidemill.server.api.ActionsApi;
import dev.tidemill.server.api.AlarmsApi;
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
import dev.tidemill.server.http.Front;
import dev.tidemill.server.http.Gate;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.http.WireErrors;
import dev.tidemill.server.meters.Meters;
import dev.tidemill.server.page.Latest;
import dev.tidemill.server.page.LivePage;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.push.Pusher;
import dev.tidemill.server.rules.RuleBook;
import dev.tidemill.server.tables.ServerCheckup;
import dev.tidemill.server.tables.ServerTables;
import io.helidon.common.tls.Tls;
import io.helidon.webserver.WebServer;
import io.helidon.webserver.WebServerConfig;
import java.net.InetAddress;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
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
 * <p>Every route but health asks for a log-in, an API key or the server's token, unless it is {@link TidemillServerBuilder#open open}.
 * It listens on the loopback address unless told otherwise. The mill stays its owner's: stopping the server does not stop
 * it. Thread safe.
 */
public final class TidemillServer implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TidemillServer.class);
    private static final Duration STATS_MAX_AGE = Duration.ofSeconds(2);
    private static final Duration STOP_GRACE = Duration.ofSeconds(10);

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
    private final RuleBook rules;
    private final Object stopLock = new Object();
    private boolean stopped;

    TidemillServer(TidemillServerBuilder builder, InetAddress address) {
        this.host = builder.host;
        this.secure = builder.tls != null;
        Tidemill mill = builder.mill;
        this.accounts = new Accounts(mill.dataSource(), mill.schema());
        accounts.migrate();
        Latest<Optional<Stats>> stats = new Latest<>(() -> statsOf(mill), STATS_MAX_AGE);
        this.ownCaches = builder.caches == null ? Optional.of(Caches.local()) : Optional.empty();
        ServedCaches caches = builder.caches == null ? ServedCaches.of(ownCaches.orElseThrow()) : builder.caches;
        this.cacheHistory = new CacheHistory(caches, InstantSource.system());
        this.rules = new RuleBook(mill);
        this.meters = new Meters(stats::get, mill, caches, rules, Optional.ofNullable(builder.hosts));
        Pages pages = new Pages(
                !builder.open, () -> stats.get().map(Stats::deadLetters).orElse(0L));
        this.page = new LivePage(mill, rules::alarms, pages, this::url, !builder.open, builder.maxLivePages);
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
        ServerCheckup own = new ServerCheckup(tables);
        boolean keyed = pusher.book().seals();
        Function<Duration, Diagnosis> doctor = patience -> rules.examined(own.after(mill.diagnose(patience), keyed));
        Dashboard.mount(mill, tables, rules, doctor, stats::get, pusher, pages, router);
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
        new AlarmsApi(mill).mount(router);
        new RulesApi(rules).mount(router);
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
                builder.bodyRoomBytes,
                builder.bodyLimitBytes);
        WebServerConfig.Builder web = WebServer.builder()
                .address(address)
                .port(builder.port)
                .shutdownHook(false)
                // Routes refuse at their own limit; this one bounds what is read past a refusal.
                .maxPayloadSize(builder.bodyLimitBytes + (1L << 20))
                .directHandlers(WireErrors.handlers())
                .useNio(false)
                .connectionOptions(connections.options())
                .maxTcpConnections(
                        builder.maxConnections > 0
                                ? builder.maxConnections
                                : Connections.roomFor(Runtime.getRuntime().maxMemory()))
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
    public static TidemillServerBuilder builder(Tidemill mill) {
        return new TidemillServerBuilder(mill);
    }

    /**
     * Begins to describe a server around a mill that is turned by hand: for a platform that runs a process only while it
     * answers requests. {@code POST /api/v1/work/run} runs due jobs by the mill's handlers, and nothing else does; nobody
     * else may turn it. Jobs are handed neither to endpoints nor to remote workers by such a server.
     */
    public static TidemillServerBuilder builder(HandMill hand) {
        TidemillServerBuilder builder = new TidemillServerBuilder(hand.tidemill());
        builder.hand = hand;
        return builder;
    }

    /** Takes the port; false if it was not to be had, which Helidon says only in its log. */
    boolean listen() {
        web.start();
        return web.isRunning() && port() > 0;
    }

    /**
     * Begins with what is done beside answering.
     *
     * @param sending whether jobs are sent to endpoints
     */
    void begin(boolean sending) {
        connections.start();
        if (sending) {
            pusher.start();
        }
        cacheHistory.start();
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
        rules.close();
        ownCaches.ifPresent(Caches::close);
    }

    /** As {@link #stop}. */
    @Override
    public void close() {
        stop();
    }
}

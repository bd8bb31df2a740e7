package dev.tidemill.server.page;

import dev.tidemill.jobs.Minute;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.rules.RuleAlarm;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/** The overview: how things stand, in a browser, kept up to date. */
public final class LivePage implements AutoCloseable {
    static final List<String> FRAGMENTS =
            List.of("summary", "charts", "queues", "attempts", "attention", "letters", "nodes");
    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final Duration MAX_AGE = Duration.ofMillis(500);
    private static final Duration MINUTES_MAX_AGE = Duration.ofSeconds(5);
    private static final int MINUTES = 60;
    private static final int ATTEMPTS = 15;
    private static final int LETTERS = 6;

    private final Tidemill mill;
    private final Supplier<List<RuleAlarm>> alarms;
    private final Supplier<String> url;
    private final boolean locked;
    private final Pages pages;
    private final Throughput throughput = new Throughput();
    private final Latest<Snapshot> snapshots = new Latest<>(this::look, MAX_AGE);
    private final Latest<List<Minute>> minutes;
    private final LiveFeed feed;
    private final LiveStream stream;
    private Snapshot last = Snapshot.NOTHING;
    private long lastLookNanos;

    /**
     * Creates it.
     *
     * @param alarms what the rules on data changes have to tell
     * @param url where the server is, for the examples on the page
     * @param locked whether people log in
     * @param maxWatchers how many pages may be live at a time
     */
    public LivePage(
            Tidemill mill,
            Supplier<List<RuleAlarm>> alarms,
            Pages pages,
            Supplier<String> url,
            boolean locked,
            int maxWatchers) {
        this.mill = mill;
        this.alarms = alarms;
        this.pages = pages;
        this.minutes = new Latest<>(() -> mill.history(null, MINUTES), MINUTES_MAX_AGE);
        this.url = url;
        this.locked = locked;
        this.feed = new LiveFeed(() -> fragments(snapshots.get()), PERIOD, maxWatchers);
        this.stream = new LiveStream(feed);
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", "/", this::page).stream("/events", stream::serve)
                .on("GET", "/assets/{name}", pages.assets()::serve);
    }

    private Reply page(Call call) {
        call.takesOnly();
        return pages.show(
                call,
                Section.OVERVIEW,
                "Overview",
                "overview.jte",
                Map.of("snapshot", snapshots.get(), "url", url.get()));
    }

    private Map<String, String> fragments(Snapshot snapshot) {
        Map<String, String> fragments = new LinkedHashMap<>();
        FRAGMENTS.forEach(name -> fragments.put(name, fragment(name, snapshot)));
        return fragments;
    }

    private String fragment(String name, Snapshot snapshot) {
        return pages.render(
                "fragments/" + name + ".jte", Map.of("snapshot", snapshot, "url", url.get(), "locked", locked));
    }

    /** Looks at the database; {@link Latest} lets one in at a time. */
    private Snapshot look() {
        try {
            Stats stats = mill.stats();
            long now = System.nanoTime();
            if (now - lastLookNanos > 10 * PERIOD.toNanos()) {
                throughput.clear();
            }
            lastLookNanos = now;
            Snapshot seen = new Snapshot(
                    stats,
                    mill.latestAttempts(ATTEMPTS),
                    mill.deadLetters(null, LETTERS),
                    minutes.get(),
                    mill.pauses().paused(),
                    alarms.get(),
                    List.of(),
                    false);
            throughput.add(seen.succeeded() + seen.failed(), now);
            last = seen.withRates(throughput.rates());
        } catch (TidemillException unreachable) {
            last = last.asStale();
        }
        return last;
    }

    /** Whether the page is being rendered for somebody. */
    boolean sampling() {
        return feed.sampling();
    }

    @Override
    public void close() {
        feed.close();
    }
}

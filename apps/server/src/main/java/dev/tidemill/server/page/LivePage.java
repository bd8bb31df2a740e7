package dev.tidemill.server.page;

import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Credentials;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import gg.jte.ContentType;
import gg.jte.TemplateEngine;
import gg.jte.TemplateOutput;
import gg.jte.output.StringOutput;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiPredicate;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The live page: how things stand, in a browser, and what a person can do about dead letters. */
public final class LivePage implements AutoCloseable {
    static final List<String> FRAGMENTS = List.of("summary", "queues", "attempts", "letters", "nodes");
    private static final Duration PERIOD = Duration.ofSeconds(1);
    private static final Duration MAX_AGE = Duration.ofMillis(500);
    private static final int ATTEMPTS = 20;
    private static final int LETTERS = 20;

    private final Tidemill mill;
    private final Supplier<String> url;
    private final @Nullable Credentials credentials;
    private final Assets assets = new Assets();
    private final Throughput throughput = new Throughput();
    private final Latest<Snapshot> snapshots = new Latest<>(this::look, MAX_AGE);
    private final LiveFeed feed;
    private final LiveStream stream;
    private final TemplateEngine templates = TemplateEngine.createPrecompiled(
            null, ContentType.Html, LivePage.class.getClassLoader(), "dev.tidemill.server.page.templates");
    private Snapshot last = Snapshot.NOTHING;
    private long lastLookNanos;

    /**
     * Creates it.
     *
     * @param url where the server is, for the examples on the page
     * @param maxWatchers how many pages may be live at a time
     */
    public LivePage(Tidemill mill, Supplier<String> url, @Nullable Credentials credentials, int maxWatchers) {
        this.mill = mill;
        this.url = url;
        this.credentials = credentials;
        this.feed = new LiveFeed(() -> fragments(snapshots.get()), PERIOD, maxWatchers);
        this.stream = new LiveStream(feed);
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", "/", this::page).stream("/events", stream::serve)
                .on("GET", "/assets/{name}", assets::serve)
                .on("POST", "/dead-letters/{id}/replay", call -> decide(call, this::replay))
                .on("POST", "/dead-letters/{id}/discard", call -> decide(call, mill::discard));
        if (credentials != null) {
            Credentials known = credentials;
            router.open("POST", "/login", call -> logIn(call, known))
                    .open("POST", "/logout", call -> Reply.seeOther("/").header("Set-Cookie", known.end()));
        }
    }

    private Reply page(Call call) {
        call.takesOnly();
        StringOutput html = new StringOutput();
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("snapshot", snapshots.get());
        model.put("url", url.get());
        model.put("locked", credentials != null);
        model.put("assets", assets);
        templates.render("page.jte", model, html);
        return Reply.html(html.toString());
    }

    /** What a browser without a session is shown; the refusal's status stays. */
    public Reply loginPage(Reply refusal) {
        return login(refusal.status(), false).header("WWW-Authenticate", "Bearer realm=\"tidemill\"");
    }

    private Reply logIn(Call call, Credentials known) {
        String token = call.form().getOrDefault("token", "").strip();
        return known.matches(token) ? Reply.seeOther("/").header("Set-Cookie", known.open(call)) : login(401, true);
    }

    private Reply login(int status, boolean wrong) {
        StringOutput html = new StringOutput();
        templates.render("login.jte", Map.of("wrong", wrong, "style", assets.text("tidemill.css")), html);
        return Reply.html(html.toString())
                .status(status)
                .header(
                        "Content-Security-Policy",
                        "default-src 'none'; style-src " + assets.source("tidemill.css")
                                + "; form-action 'self'; base-uri 'none'; frame-ancestors 'none'");
    }

    /** Carries out a decision; htmx gets the list as it then is, a plain form the page. */
    private Reply decide(Call call, BiPredicate<Long, String> decision) {
        call.takesOnly();
        call.form();
        // False means that somebody was faster: the list that comes back shows it.
        boolean done = decision.test(call.id(), call.caller().name());
        snapshots.forget();
        feed.nudge();
        if (call.header("HX-Request").isEmpty()) {
            return Reply.seeOther("/#dead-letters");
        }
        return Reply.html(fragment("letters", snapshots.get())).header("X-Tidemill-Done", Boolean.toString(done));
    }

    private boolean replay(long id, String by) {
        return !mill.replay(List.of(id), by).isEmpty();
    }

    private Map<String, String> fragments(Snapshot snapshot) {
        Map<String, String> fragments = new LinkedHashMap<>();
        FRAGMENTS.forEach(name -> fragments.put(name, fragment(name, snapshot)));
        return fragments;
    }

    private String fragment(String name, Snapshot snapshot) {
        TemplateOutput html = new StringOutput();
        templates.render(
                "fragments/" + name + ".jte",
                Map.of("snapshot", snapshot, "url", url.get(), "locked", credentials != null),
                html);
        return html.toString();
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
            Snapshot seen =
                    new Snapshot(stats, mill.latestAttempts(ATTEMPTS), mill.deadLetters(0, LETTERS), List.of(), false);
            throughput.add(seen.succeeded() + seen.failed(), now);
            last = new Snapshot(stats, seen.attempts(), seen.letters(), throughput.rates(), false);
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

package dev.tidemill.server.dashboard;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CacheException;
import dev.tidemill.cache.Sighting;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.caches.CacheHistory;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.page.Flash;
import dev.tidemill.server.page.Format;
import dev.tidemill.server.page.Pages;
import dev.tidemill.server.page.Section;
import dev.tidemill.server.tables.ServerTables;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The caches of this process: hits by tier, what is slow and what is large, where a key is, and invalidating by hand. */
public final class CachePages {
    private static final String PATH = "/caches";
    private static final int HEAVIEST = 15;

    private final ServedCaches served;
    private final CacheHistory history;
    private final ServerTables tables;
    private final Pages pages;

    /** Creates them. */
    public CachePages(ServedCaches served, CacheHistory history, ServerTables tables, Pages pages) {
        this.served = served;
        this.history = history;
        this.tables = tables;
        this.pages = pages;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", PATH, this::list)
                .on("GET", PATH + "/{cache}", this::one)
                .on("POST", PATH + "/{cache}/invalidate", this::invalidate);
    }

    private Reply list(Call call) {
        call.takesOnly();
        Map<String, Object> model = new HashMap<>();
        model.put("stats", served.caches().stats());
        model.put("bound", served.caches().bound());
        model.put("size", Optional.<SharedTier.Size>ofNullable(served.caches().sharedSize(null)));
        return pages.show(call, Section.CACHES, "Caches", "caches.jte", model);
    }

    private Reply one(Call call) {
        call.takesOnly("key");
        Cache<?, ?> cache = open(call);
        String key = call.query("key").orElse("").strip();
        Map<String, Object> model = new HashMap<>();
        model.put("stats", cache.stats());
        model.put("minutes", history.minutes(cache));
        model.put("heaviest", cache.heaviest(HEAVIEST));
        model.put("key", key);
        model.put("seen", List.of());
        model.put("wrong", "");
        if (!key.isEmpty()) {
            try {
                List<Sighting> seen = cache.inspectText(key);
                model.put("seen", seen);
            } catch (CacheException refused) {
                model.put("wrong", String.valueOf(refused.getMessage()));
            }
        }
        return pages.show(call, Section.CACHES, cache.name(), "cache.jte", model);
    }

    private Cache<?, ?> open(Call call) {
        return served.open(call.path("cache"))
                .orElseThrow(() ->
                        new TidemillException(ErrorCode.NOT_FOUND, "There is no cache of this name in this process."));
    }

    private Reply invalidate(Call call) {
        call.takesOnly();
        Form form = call.fields(Pages.FORM_BYTES);
        Cache<?, ?> cache = open(call);
        return pages.act(call, Pages.back(form, PATH + "/" + Format.url(cache.name())), () -> {
            String aim = form.required("aim");
            String what = aim.equals("everything") ? "" : form.required("what");
            // Before: what is not in the trail is not done.
            tables.audit(call.caller().name(), "cache-invalidate", "CACHE " + cache.name(), (aim + " " + what).strip());
            try {
                return invalidate(cache, aim, what);
            } catch (CacheException refused) {
                return Flash.refused(String.valueOf(refused.getMessage()));
            }
        });
    }

    private static Flash invalidate(Cache<?, ?> cache, String aim, String what) {
        switch (aim) {
            case "key" -> cache.invalidateText(what);
            case "tag" -> cache.invalidateTag(what);
            case "pattern" -> cache.invalidatePattern(what);
            case "everything" -> cache.invalidateEverything();
            default ->
                throw Problem.of(
                        ProblemCode.FIELD_INVALID, "'aim' is '" + aim + "'; it is key, tag, pattern or everything.");
        }
        return Flash.done(
                aim.equals("everything")
                        ? "All of " + cache.name() + " is invalidated, on all nodes."
                        : "The " + aim + " " + what + " is invalidated, on all nodes.");
    }
}

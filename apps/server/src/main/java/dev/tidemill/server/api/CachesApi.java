package dev.tidemill.server.api;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CacheException;
import dev.tidemill.cache.CacheStats;
import dev.tidemill.cache.CachesStats;
import dev.tidemill.cache.Sighting;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.caches.Document;
import dev.tidemill.server.caches.ServedCaches;
import dev.tidemill.server.caches.Shelf;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Json;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import dev.tidemill.server.http.Router;
import dev.tidemill.server.tables.ServerTables;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JsonGenerator;

/** The caches of this process: how they stand, and, of those that are served, their values. */
public final class CachesApi {
    private static final Logger LOG = LoggerFactory.getLogger(CachesApi.class);
    private static final String CACHES = "/api/v1/caches";
    private static final String ENTRY = CACHES + "/{cache}/entry";
    private static final String[] AIMS = {"key", "tag", "pattern", "everything"};
    private static final Duration LONGEST = Duration.ofDays(3653);

    private final ServedCaches served;
    private final ServerTables tables;

    /** Creates it. */
    public CachesApi(ServedCaches served, ServerTables tables) {
        this.served = served;
        this.tables = tables;
    }

    /** Adds the routes. */
    public void mount(Router router) {
        router.on("GET", CACHES, this::list)
                .on("GET", CACHES + "/{cache}", this::one)
                .on("GET", CACHES + "/{cache}/tiers", this::tiers)
                .on("GET", ENTRY, this::get)
                .on("PUT", ENTRY, this::put)
                .on("DELETE", ENTRY, this::invalidate);
    }

    private Reply list(Call call) {
        call.takesOnly();
        CachesStats all = served.caches().stats();
        return Reply.json(Json.write(json -> {
            json.writeStartObject();
            json.writeStringProperty("shared_tier", all.sharedTier());
            json.writeBooleanProperty("shared_tier_away", all.sharedTierAway());
            json.writeNumberProperty("shared_tier_errors", all.sharedTierErrors());
            json.writeBooleanProperty("in_contact", all.inContact());
            Json.millis(json, "staleness_ms", all.staleness());
            json.writeNumberProperty("looks", all.looks());
            json.writeNumberProperty("failed_looks", all.failedLooks());
            json.writeNumberProperty("forgotten", all.forgotten());
            json.writeArrayPropertyStart("caches");
            all.caches().forEach(stats -> cache(json, stats, null));
            json.writeEndArray().writeEndObject();
        }));
    }

    private Reply one(Call call) {
        call.takesOnly();
        Cache<?, ?> cache = open(call);
        SharedTier.Size size = served.caches().sharedSize(cache.name());
        return Reply.json(Json.write(json -> cache(json, cache.stats(), size)));
    }

    private void cache(JsonGenerator json, CacheStats stats, SharedTier.@Nullable Size shared) {
        json.writeStartObject();
        json.writeStringProperty("name", stats.name());
        Optional<Shelf> shelf = served.served(stats.name());
        json.writeBooleanProperty("served", shelf.isPresent());
        json.writeBooleanProperty("has_origin", shelf.map(Shelf::hasOrigin).orElse(false));
        json.writeNumberProperty("hit_rate", stats.hitRate());
        json.writeNumberProperty("local_hits", stats.localHits());
        json.writeNumberProperty("shared_hits", stats.sharedHits());
        json.writeNumberProperty("stale_served", stats.staleServed());
        json.writeNumberProperty("joined", stats.joined());
        json.writeNumberProperty("awaited_others", stats.awaitedOthers());
        json.writeNumberProperty("misses", stats.misses());
        json.writeNumberProperty("loads", stats.loads());
        json.writeNumberProperty("failed_loads", stats.failedLoads());
        json.writeNumberProperty("refused_loads", stats.refusedLoads());
        Json.millis(json, "load_mean_ms", stats.meanLoad());
        Json.millis(json, "load_p50_ms", stats.loadP50());
        Json.millis(json, "load_p99_ms", stats.loadP99());
        json.writeNumberProperty("invalidated", stats.invalidated());
        json.writeNumberProperty("struck_loads", stats.struckLoads());
        json.writeNumberProperty("fenced_out", stats.fencedOut());
        json.writeNumberProperty("evicted", stats.evicted());
        json.writeNumberProperty("unreadable", stats.unreadable());
        json.writeNumberProperty("too_large", stats.tooLarge());
        json.writeNumberProperty("out_of_contact", stats.outOfContact());
        json.writeNumberProperty("shared_tier_skipped", stats.sharedTierSkipped());
        json.writeNumberProperty("entries", stats.localEntries());
        json.writeNumberProperty("bytes", stats.localBytes());
        json.writeBooleanProperty("origin_left_alone", stats.originLeftAlone());
        if (shared != null) {
            json.writeNumberProperty("shared_entries", shared.entries());
            json.writeNumberProperty("shared_bytes", shared.bytes());
        }
        json.writeEndObject();
    }

    private Reply tiers(Call call) {
        call.takesOnly("key");
        Cache<?, ?> cache = open(call);
        String key = required(call, "key");
        List<Sighting> seen = asked(cache.name(), () -> cache.inspectText(key));
        return Reply.json(Json.write(json -> {
            json.writeStartObject().writeArrayPropertyStart("tiers");
            for (Sighting one : seen) {
                json.writeStartObject();
                json.writeStringProperty("tier", one.source().name());
                Json.millis(json, "age_ms", one.age());
                Json.millis(json, "fresh_for_ms", one.freshFor());
                json.writeBooleanProperty("served", one.served());
                json.writeArrayPropertyStart("tags");
                one.tags().stream().sorted().forEach(json::writeString);
                json.writeEndArray();
                json.writeNumberProperty("bytes", one.bytes());
                json.writeEndObject();
            }
            json.writeEndArray().writeEndObject();
        }));
    }

    private Reply get(Call call) {
        call.takesOnly("key");
        Shelf shelf = shelf(call);
        String key = required(call, "key");
        return CacheAnswer.of(shelf, key, asked(shelf.cache().name(), () -> shelf.ask(key)));
    }

    private Reply put(Call call) {
        call.takesOnly("key", "ttl", "tags");
        Shelf shelf = shelf(call);
        String key = required(call, "key");
        Duration ttl = call.query("ttl").map(CachesApi::ttl).orElse(null);
        Set<String> tags = call.query("tags")
                .map(text -> (Set<String>) new LinkedHashSet<>(Arrays.asList(text.split(",", -1))))
                .orElse(Set.of());
        Document document = shelf.json()
                ? new Document(Reply.JSON, call.json())
                : new Document(call.contentType().isEmpty() ? Document.BYTES : call.contentType(), call.bytes());
        return asked(shelf.cache().name(), () -> {
            shelf.put(key, document, ttl, tags);
            return Reply.empty(204);
        });
    }

    private static Duration ttl(String text) {
        try {
            Duration ttl = Duration.parse(text);
            if (ttl.isPositive() && ttl.compareTo(LONGEST) <= 0) {
                return ttl;
            }
        } catch (DateTimeException malformed) {
            // Refused below like one that is out of bounds.
        }
        throw Call.parameter("ttl", "ttl is '" + text + "'; it must be an ISO-8601 duration such as PT5M.");
    }

    private Reply invalidate(Call call) {
        call.takesOnly(AIMS);
        call.takesNoBody();
        Cache<?, ?> cache = open(call);
        List<String> given =
                Arrays.stream(AIMS).filter(aim -> call.query(aim).isPresent()).toList();
        if (given.size() != 1) {
            throw Call.parameter(
                    given.isEmpty() ? "key" : given.getLast(),
                    "Say what is no longer true by exactly one of key, tag, pattern and everything=true.");
        }
        String aim = given.getFirst();
        String what = required(call, aim);
        if (aim.equals("everything") && !what.equals("true")) {
            throw Call.parameter(aim, "everything is '" + what + "'; only everything=true means anything.");
        }
        return asked(cache.name(), () -> {
            invalidate(cache, aim, what, call.caller().name());
            return Reply.empty(204);
        });
    }

    private void invalidate(Cache<?, ?> cache, String aim, String what, String by) {
        switch (aim) {
            // Programs do this all day; the audit trail has what takes more than one entry away.
            case "key" -> {
                cache.invalidateText(what);
                return;
            }
            case "tag" -> cache.invalidateTag(what);
            case "pattern" -> cache.invalidatePattern(what);
            default -> cache.invalidateEverything();
        }
        try {
            tables.audit(by, "cache-invalidate", "CACHE " + cache.name(), aim + " " + what);
        } catch (TidemillException away) {
            LOG.warn("{} invalidated {} {} of {}; the audit trail does not have that.", by, aim, what, cache.name());
        }
    }

    private Cache<?, ?> open(Call call) {
        return served.open(call.path("cache"))
                .orElseThrow(() -> new TidemillException(
                        ErrorCode.NOT_FOUND,
                        "There is no cache of this name in this process; GET " + CACHES + " lists them."));
    }

    private Shelf shelf(Call call) {
        open(call);
        return served.served(call.path("cache"))
                .orElseThrow(() -> new TidemillException(
                        ErrorCode.NOT_FOUND,
                        "This cache is shown and not served: its application did not say how its keys are read."));
    }

    private static String required(Call call, String name) {
        return call.query(name)
                .filter(text -> !text.isEmpty())
                .orElseThrow(() -> Call.parameter(name, "The parameter '" + name + "' is missing."));
    }

    /** What the cache refuses is told as HTTP has it. An origin's own words stay in the log: they may hold anything. */
    private static <T> T asked(String cache, Supplier<T> what) {
        try {
            return what.get();
        } catch (IllegalArgumentException noKey) {
            throw Call.parameter("key", "The key is none of the cache '" + cache + "'.");
        } catch (CacheException refused) {
            throw problem(cache, refused);
        }
    }

    private static Problem problem(String cache, CacheException refused) {
        String message = String.valueOf(refused.getMessage());
        return switch (refused.error()) {
            case KEY_INVALID -> Call.parameter("key", message);
            case TAG_INVALID -> Call.parameter("tags", message);
            case PATTERN_INVALID ->
                Call.parameter("pattern", message + " Over HTTP that is everything=true instead of a pattern.");
            case SETTINGS_INVALID -> Call.parameter("ttl", message);
            case VALUE_TOO_LARGE -> Problem.of(ProblemCode.BODY_TOO_LARGE, message);
            case VALUE_UNWRITABLE -> Problem.of(ProblemCode.BODY_INVALID, "The body is no value of this cache.");
            case LOAD_FAILED -> {
                LOG.warn("An origin failed: {}", message);
                yield Problem.of(
                        ProblemCode.ORIGIN_FAILED,
                        "The origin of '" + cache + "' failed, and nothing older may be served.");
            }
            case LOAD_TIMED_OUT -> Problem.of(ProblemCode.ORIGIN_TIMED_OUT, message);
            case ORIGIN_UNAVAILABLE -> Problem.of(ProblemCode.ORIGIN_UNAVAILABLE, message);
            case INVALIDATION_FAILED -> {
                LOG.warn("An invalidation failed: {}", message);
                yield Problem.of(
                        ProblemCode.NOT_READY,
                        "The log of invalidations does not answer: nodes may go on with what they have. Try again.");
            }
            case INTERRUPTED, CLOSED -> Problem.of(ProblemCode.NOT_READY, "The server is stopping.");
        };
    }
}

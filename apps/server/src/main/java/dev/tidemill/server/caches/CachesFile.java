package dev.tidemill.server.caches;

import dev.tidemill.cache.Cache;
import dev.tidemill.cache.CacheException;
import dev.tidemill.cache.CachePolicy;
import dev.tidemill.cache.Caches;
import dev.tidemill.cache.CachesBuilder;
import dev.tidemill.cache.Keys;
import dev.tidemill.cache.ValueType;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.dataformat.yaml.YAMLMapper;

/**
 * The caches of a server that stands alone, as a YAML file names them. docs/cache.md describes it. Secrets stay out of
 * the file: {@code ${NAME}} in a header's value stands for a variable of the environment.
 */
public final class CachesFile {
    private static final Pattern VARIABLE = Pattern.compile("\\$\\{([A-Za-z_][A-Za-z0-9_]*)}");
    private static final Set<String> KNOWN = Set.of(
            "origin",
            "headers",
            "fresh",
            "stale_while_revalidate",
            "stale_if_error",
            "local",
            "absent",
            "timeout",
            "entries",
            "value_bytes",
            "client_age");
    private static final int MOST_CACHES = 200;

    private final String where;
    private final Function<String, @Nullable String> environment;

    private CachesFile(String where, Function<String, @Nullable String> environment) {
        this.where = where;
        this.environment = environment;
    }

    /**
     * Opens what a file names, on a database.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if it cannot be read, or says what is not known
     */
    public static ServedCaches open(Path file, DataSource dataSource, String schema) {
        try {
            return open(file.toString(), Files.readString(file), dataSource, schema, System::getenv);
        } catch (IOException unreadable) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "The file " + file + " of the caches cannot be read.", unreadable);
        }
    }

    static ServedCaches open(
            String where,
            String text,
            DataSource dataSource,
            String schema,
            Function<String, @Nullable String> environment) {
        CachesFile file = new CachesFile(where, environment);
        JsonNode root = file.root(text);
        JsonNode named = root.path("caches");
        CachesBuilder builder = Caches.on(dataSource).schema(schema).codec(new DocumentCodec());
        SharedTier valkey = ValkeySettings.tier(file, root.path("valkey"));
        Caches caches = (valkey == null ? builder : builder.shared(valkey)).open();
        try {
            ServedCaches served = ServedCaches.of(caches);
            named.properties().forEach(one -> file.add(served, one.getKey(), one.getValue()));
            return served;
        } catch (RuntimeException refused) {
            caches.close();
            throw refused;
        }
    }

    private JsonNode root(String text) {
        JsonNode root;
        try {
            root = YAMLMapper.builder().build().readTree(text);
        } catch (JacksonException malformed) {
            throw refused("is no YAML: " + malformed.getOriginalMessage());
        }
        JsonNode named = root.path("caches");
        if (!root.isObject()
                || root.size() != (root.has("valkey") ? 2 : 1)
                || !named.isObject()
                || named.size() > MOST_CACHES) {
            throw refused("must have 'caches', with up to " + MOST_CACHES
                    + " caches by name, maybe 'valkey', and nothing else");
        }
        return root;
    }

    private void add(ServedCaches served, String name, JsonNode settings) {
        if (!settings.isObject()) {
            throw refused("has no settings for the cache '" + name + "'; give it at least 'fresh'");
        }
        settings.propertyNames().forEach(setting -> {
            if (!KNOWN.contains(setting)) {
                throw refused("says '" + setting + "' of the cache '" + name + "', which is unknown; there are "
                        + String.join(", ", new java.util.TreeSet<>(KNOWN)));
            }
        });
        try {
            CachePolicy policy = policy(name, settings);
            Cache<String, Document> cache = served.caches()
                    .cache(name, Keys.STRINGS, ValueType.of(Document.class))
                    .policy(policy)
                    .open();
            Duration clientAge = duration("the cache '" + name + "'", settings, "client_age", Duration.ZERO);
            UrlOrigin origin = settings.has("origin")
                    ? new UrlOrigin(
                            text("the cache '" + name + "'", settings, "origin"),
                            headers(name, settings.path("headers")),
                            policy.origin().timeout(),
                            policy.bounds().valueBytes())
                    : null;
            served.serve(new TypedShelf<>(
                    cache, false, clientAge, key -> key, origin, document -> document, document -> document));
        } catch (CacheException | IllegalArgumentException invalid) {
            throw refused("does not describe the cache '" + name + "': " + invalid.getMessage());
        }
    }

    private CachePolicy policy(String name, JsonNode settings) {
        String whose = "the cache '" + name + "'";
        Duration fresh = duration(whose, settings, "fresh", null);
        CachePolicy policy = CachePolicy.of(fresh);
        policy = policy.staleWhileRevalidate(duration(whose, settings, "stale_while_revalidate", fresh));
        policy = policy.staleIfError(
                duration(whose, settings, "stale_if_error", policy.times().onError()));
        policy = policy.local(duration(whose, settings, "local", policy.times().local()));
        policy =
                policy.absent(duration(whose, settings, "absent", policy.times().absent()));
        policy = policy.timeout(
                duration(whose, settings, "timeout", policy.origin().timeout()));
        policy = policy.localEntries(
                whole(name, settings, "entries", policy.bounds().localEntries()));
        return policy.valueBytes(
                whole(name, settings, "value_bytes", policy.bounds().valueBytes()));
    }

    private Map<String, String> headers(String name, JsonNode given) {
        Map<String, String> headers = new TreeMap<>();
        given.properties().forEach(header -> {
            if (!header.getValue().isString()) {
                throw refused("has a header of the cache '" + name + "' that is no text");
            }
            headers.put(
                    header.getKey(),
                    filled("the cache '" + name + "'", header.getValue().stringValue()));
        });
        return headers;
    }

    /** With the variables of the environment in their places. */
    String filled(String whose, String value) {
        Matcher variable = VARIABLE.matcher(value);
        StringBuilder text = new StringBuilder();
        while (variable.find()) {
            String found = environment.apply(variable.group(1));
            if (found == null) {
                throw refused("names the variable " + variable.group(1) + " for " + whose
                        + ", which the environment does not have");
            }
            variable.appendReplacement(text, Matcher.quoteReplacement(found));
        }
        return variable.appendTail(text).toString();
    }

    private String text(String whose, JsonNode settings, String setting) {
        JsonNode value = settings.path(setting);
        if (!value.isString()) {
            throw refused("must give " + whose + " a text as '" + setting + "'");
        }
        return value.stringValue();
    }

    Duration duration(String whose, JsonNode settings, String setting, @Nullable Duration otherwise) {
        if (otherwise != null && !settings.has(setting)) {
            return otherwise;
        }
        try {
            Duration duration = Duration.parse(text(whose, settings, setting));
            if (!duration.isNegative() && duration.compareTo(Duration.ofDays(3653)) <= 0) {
                return duration;
            }
        } catch (DateTimeException malformed) {
            // Refused below like one that is out of bounds.
        }
        throw refused("must give " + whose + " a duration such as PT5M as '" + setting + "'");
    }

    private int whole(String name, JsonNode settings, String setting, int otherwise) {
        JsonNode value = settings.path(setting);
        if (value.isMissingNode()) {
            return otherwise;
        }
        if (!value.canConvertToInt() || !value.isIntegralNumber()) {
            throw refused("must give the cache '" + name + "' a whole number as '" + setting + "'");
        }
        return value.intValue();
    }

    TidemillException refused(String why) {
        return new TidemillException(ErrorCode.INVALID_OPTION, "The file " + where + " of the caches " + why + ".");
    }
}

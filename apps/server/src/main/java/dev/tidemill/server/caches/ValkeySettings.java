package dev.tidemill.server.caches;

import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.valkey.ValkeyTier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** Which Valkey or Redis a file names as the tier that all processes share. What it says may hold passwords: never told. */
final class ValkeySettings {
    private static final Set<String> KNOWN = Set.of("server", "cluster", "timeout");
    private static final Duration TIMEOUT = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofMinutes(1);
    private static final int MOST_SERVERS = 100;

    private ValkeySettings() {}

    /**
     * The tier; nothing is connected to yet.
     *
     * @return null if the file names none
     * @throws TidemillException if it says what is not known, or an address is none
     */
    static @Nullable SharedTier tier(CachesFile file, JsonNode valkey) {
        if (valkey.isMissingNode()) {
            return null;
        }
        if (!valkey.isObject()
                || !KNOWN.containsAll(valkey.propertyNames())
                || valkey.has("server") == valkey.has("cluster")) {
            throw file.refused("must give 'valkey' either 'server', an address, or 'cluster', a list of some of its"
                    + " servers' addresses, maybe a 'timeout', and nothing else");
        }
        Duration timeout = file.duration("'valkey'", valkey, "timeout", TIMEOUT);
        if (timeout.toMillis() < 1 || timeout.compareTo(LONGEST) > 0) {
            throw file.refused("must give 'valkey' a timeout from PT0.001S to PT1M");
        }
        List<String> addresses = addresses(file, valkey.has("server") ? valkey.path("server") : valkey.path("cluster"));
        try {
            return valkey.has("server")
                    ? ValkeyTier.server(addresses.getFirst(), timeout)
                    : ValkeyTier.cluster(addresses, timeout);
        } catch (IllegalArgumentException malformed) {
            throw file.refused("gives 'valkey' an address that is none; write it as redis://user:password@host:6379, or"
                    + " rediss:// for TLS");
        }
    }

    private static List<String> addresses(CachesFile file, JsonNode given) {
        List<String> addresses = new ArrayList<>();
        for (JsonNode one : given.isArray() ? given : List.of(given)) {
            if (!one.isString() || one.stringValue().isBlank()) {
                throw file.refused("gives 'valkey' an address that is no text");
            }
            addresses.add(file.filled("'valkey'", one.stringValue()));
        }
        if (addresses.isEmpty() || addresses.size() > MOST_SERVERS) {
            throw file.refused("gives 'valkey' " + addresses.size() + " servers; name 1 to " + MOST_SERVERS);
        }
        return addresses;
    }
}

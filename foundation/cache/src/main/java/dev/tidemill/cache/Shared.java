package dev.tidemill.cache;

import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.SharedTier;
import dev.tidemill.cache.tier.SharedTier.Stored;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * The tier that all nodes share, with what is needed to trust it: the way to it, the claims that this process holds, and
 * what it remembers of the log, for tiers that do not compare with the log themselves.
 */
record Shared(
        SharedTier tier, TierGate gate, InvalidationLog log, Contact contact, Claims claims, Remembered remembered) {
    /** How long a claim lasts that is no longer renewed: so long others wait for a process that died. */
    static final Duration LEASE = Duration.ofSeconds(3);

    /**
     * A position that an entry reflects, if nothing that this process knows of makes it void.
     *
     * @return null if it is void
     */
    @Nullable
    Position trusted(String cache, String key, Stored stored, @Nullable Position checkedAt) {
        if (checkedAt != null) {
            return checkedAt;
        }
        Position asOf = log.read(stored.asOf());
        return remembered.isVoid(cache, key, stored, asOf) ? null : asOf;
    }

    /** The claims that are held, to be renewed until what they are for is stored. */
    static final class Claims {
        private record Held(String cache, String key) {}

        private final Map<Held, Long> held = new ConcurrentHashMap<>();

        void hold(String cache, Map<String, Long> tokens) {
            tokens.forEach((key, token) -> held.put(new Held(cache, key), token));
        }

        void drop(String cache, Map<String, Long> tokens) {
            tokens.forEach((key, token) -> held.remove(new Held(cache, key), token));
        }

        Map<String, Map<String, Long>> byCache() {
            Map<String, Map<String, Long>> all = new HashMap<>();
            held.forEach((at, token) ->
                    all.computeIfAbsent(at.cache, cache -> new HashMap<>()).put(at.key, token));
            return all;
        }
    }
}

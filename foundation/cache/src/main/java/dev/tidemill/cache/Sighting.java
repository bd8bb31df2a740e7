package dev.tidemill.cache;

import dev.tidemill.cache.tier.SharedTier.Found;
import dev.tidemill.cache.tier.SharedTier.Stored;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A value seen in a tier.
 *
 * @param source which tier
 * @param age since it was loaded from the origin
 * @param freshFor until it is past its time there; negative or zero if it is
 * @param served whether the tier would serve it now
 * @param tags its tags
 * @param bytes its size as stored; 0 if not known
 */
public record Sighting(Source source, Duration age, Duration freshFor, boolean served, Set<String> tags, int bytes) {
    static List<Sighting> of(Cache<?, ?> cache, String key) {
        List<Sighting> seen = new ArrayList<>();
        long now = System.nanoTime();
        Entry<?> entry = cache.local.get(key);
        if (entry != null) {
            seen.add(new Sighting(
                    Source.LOCAL,
                    Duration.ofNanos(now - entry.terms.loaded()),
                    Duration.ofNanos(entry.fresh - now),
                    cache.contact.vouches(entry.since, now) && entry.isUsable(now),
                    entry.tags,
                    entry.bytes));
        }
        Shared shared = cache.shared;
        if (shared != null) {
            Found found = shared.gate().ask(() -> shared.tier().read(cache.name(), List.of(key)));
            Stored stored = found == null ? null : found.entries().get(key);
            if (found != null && stored != null) {
                seen.add(new Sighting(
                        Source.SHARED,
                        stored.age(),
                        stored.freshFor(),
                        shared.trusted(cache.name(), key, stored, found.checkedAt()) != null
                                && stored.usableFor().isPositive(),
                        stored.tags(),
                        stored.bytes().length));
            }
        }
        return seen;
    }
}

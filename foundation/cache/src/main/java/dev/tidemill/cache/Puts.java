package dev.tidemill.cache;

import dev.tidemill.cache.Values.Encoded;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.SharedTier.Fill;
import dev.tidemill.cache.tier.SharedTier.Stored;
import dev.tidemill.cache.tier.Target;
import java.sql.Connection;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Values that somebody brings, and the invalidation of what was there before. */
final class Puts<K, V> {
    private final Cache<K, V> cache;
    private final @Nullable Shared shared;
    private final Invalidator invalidator;

    Puts(Cache<K, V> cache, Invalidator invalidator) {
        this.cache = cache;
        this.shared = cache.shared;
        this.invalidator = invalidator;
    }

    /**
     * Has the origin written, and then this value for everybody.
     *
     * @param drawn how long it counts from now on
     * @param more tags beside its own
     */
    void through(K key, V value, Lifetimes.Drawn drawn, Set<String> more, Cache.Writer writer) throws Exception {
        String text = cache.values.checkedText(key);
        invalidator.checkOpen();
        Encoded<V> encoded = cache.values.encodeToPut(key, value, more);
        Flight<K, V> flight = new Flight<>(key, text, Miss.UNKNOWN);
        cache.local.watch(flight);
        try {
            long began = System.nanoTime();
            Position before = invalidator.position();
            flight.rebase(before, began);
            List<Target> targets = List.of(Target.key(text));
            try {
                writer.write();
            } catch (Throwable unknown) {
                invalidator.append(cache, targets);
                throw unknown;
            }
            long stamp = invalidator.append(cache, targets);
            cache.local.land(
                    flight,
                    new Entry<>(
                            value,
                            encoded.tags(),
                            cache.lifetimes.local(drawn, began),
                            began,
                            before,
                            stamp,
                            text.length() + encoded.content().length));
            if (shared != null && before != null) {
                Stored stored = cache.values.stored(encoded, drawn, began, before.text(), stamp);
                shared.gate().ask(() -> shared.tier().store(cache.name(), List.of(new Fill(text, 0, stored))));
            }
        } finally {
            cache.local.leave(flight);
        }
    }

    /** In the caller's transaction. */
    void within(Connection connection, K key, V value) {
        String text = cache.values.checkedText(key);
        Encoded<V> encoded = cache.values.encodeToPut(key, value, Set.of());
        invalidator.append(connection, cache, List.of(Target.key(text)));
        if (shared != null) {
            Lifetimes.Drawn drawn = cache.lifetimes.draw(false);
            shared.tier()
                    .storeIn(
                            connection,
                            cache.name(),
                            text,
                            cache.values.stored(encoded, drawn, System.nanoTime(), "", 0));
        }
    }
}

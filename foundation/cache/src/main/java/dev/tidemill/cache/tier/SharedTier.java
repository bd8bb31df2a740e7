package dev.tidemill.cache.tier;

import java.sql.Connection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tier that all nodes share. Thread safe. It throws a {@link RuntimeException} when it does not answer; the cache
 * bounds the time of every call and goes on without it.
 *
 * <p>What it returns of an entry may be void by an invalidation unless {@link Found#checkedAt} says otherwise: then the
 * cache compares {@link Stored#asOf} with what it knows of the log.
 */
public interface SharedTier extends AutoCloseable {
    /**
     * An entry as it is stored.
     *
     * @param bytes the framed value
     * @param tags its tags
     * @param age since it was loaded
     * @param freshFor until it should be renewed; zero or negative when it is past that
     * @param usableFor until it may no longer be served
     * @param keptFor until it leaves; in between it may be served when the origin fails
     * @param asOf the text of a position that it reflects
     * @param own the stamp of an invalidation that it does not fall under, since they were written together; 0 if none
     */
    @SuppressWarnings(
            "ArrayRecordComponent") // Handed on, never compared, and copying values would be the cache's main work.
    record Stored(
            byte[] bytes,
            Set<String> tags,
            Duration age,
            Duration freshFor,
            Duration usableFor,
            Duration keptFor,
            String asOf,
            long own) {}

    /**
     * What was found.
     *
     * @param entries by key
     * @param checkedAt the position at which all of them were checked against the log; null if they were not
     */
    record Found(Map<String, Stored> entries, @Nullable Position checkedAt) {}

    /**
     * What came of claiming keys.
     *
     * @param tokens by key, for those that this caller is to load now
     * @param found what was there after claiming, so that a value stored meanwhile is not loaded once more
     */
    record Claimed(Map<String, Long> tokens, Found found) {}

    /**
     * A value to store.
     *
     * @param token of the claim that it was loaded under; 0 for one that was not loaded but put, which ends any claim
     */
    record Fill(String key, long token, Stored value) {}

    /** How much it holds; estimates are fine. */
    record Size(long entries, long bytes) {}

    /** What is there of these keys. */
    Found read(String cache, Collection<String> keys);

    /**
     * Claims keys for loading: one holder a key at a time, until it stores, releases or no longer renews.
     *
     * @param lease how long a claim lasts without being renewed
     */
    Claimed claim(String cache, Collection<String> keys, Duration lease);

    /** Prolongs claims that are still held. */
    void renew(String cache, Map<String, Long> tokens, Duration lease);

    /** Gives claims up. */
    void release(String cache, Map<String, Long> tokens);

    /**
     * Stores values and ends their claims. One whose claim was lost is not stored.
     *
     * @return the keys that were stored
     */
    Set<String> store(String cache, List<Fill> fills);

    /**
     * Stores a value in the caller's transaction, in which the key has been invalidated just before. The tier supplies
     * what the value reflects.
     *
     * @return false if this tier is not in that database, and nothing was stored
     */
    boolean storeIn(Connection connection, String cache, String key, Stored value);

    /** How much there is of a cache; of all caches if null. */
    Size size(@Nullable String cache);

    /** Removes entries that no longer count, and makes room ahead. */
    void tidy();

    /** Whether what {@link #read} and {@link #claim} find has been compared with the log. */
    boolean comparesWithLog();

    /** What to call it, such as {@code postgres}. */
    String name();

    @Override
    void close();
}

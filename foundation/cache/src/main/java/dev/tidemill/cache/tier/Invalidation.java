package dev.tidemill.cache.tier;

/**
 * One entry of the log.
 *
 * @param stamp which write it was part of; several may share one
 * @param cache the cache's name
 * @param target what in it is no longer true
 */
public record Invalidation(long stamp, String cache, Target target) {}

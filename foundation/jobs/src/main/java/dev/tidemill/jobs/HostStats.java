package dev.tidemill.jobs;

/**
 * How one host's turns stand in this process at a moment, as its {@link HostLimits} sees it.
 *
 * @param host in lower case, without its port
 * @param underWay how many requests have a turn; up to the cap
 * @param waiting how many wait for one
 * @param cap how many may be under way at a time
 */
public record HostStats(String host, int underWay, int waiting, int cap) {}

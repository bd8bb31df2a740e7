package dev.tidemill.jobs.store;

import java.util.List;
import java.util.Set;

/**
 * A process that wants to work.
 *
 * @param name for people
 * @param host where it runs
 * @param pid its process id there
 * @param kinds what it handles, aliases included
 * @param queues what it works on
 */
public record NodeInfo(String name, String host, long pid, Set<String> kinds, List<String> queues) {}

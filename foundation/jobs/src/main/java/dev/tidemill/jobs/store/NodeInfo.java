package dev.tidemill.jobs.store;

import dev.tidemill.jobs.Priorities;
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
 * @param priorities the weights it claims by
 */
public record NodeInfo(
        String name, String host, long pid, Set<String> kinds, List<String> queues, Priorities priorities) {}

package dev.tidemill.peers;

import java.util.List;

/**
 * Who is measured.
 *
 * @param name as it is written in options and tables
 * @param version of the library
 * @param platform {@code JVM} or {@code Node}
 * @param command starts a process of it; the role and its numbers follow
 * @param onRedis whether it keeps its jobs in Redis and not in PostgreSQL
 * @param share the part of a plan's jobs that it can do in bearable time, and of the single enqueues
 * @param perSecond the pace at which its pick-ups are measured: 50, unless it polls so rarely that few polls would be seen
 * @param settings what was set, all else as it comes
 * @param keepsHistory whether jobs that are done leave something behind
 */
record Contender(
        String name,
        String version,
        String platform,
        List<String> command,
        boolean onRedis,
        Share share,
        int perSecond,
        boolean keepsHistory,
        String settings) {
    /** Parts of a plan, from 0 to 1. */
    record Share(double jobs, double singles) {}

    static final String OURS = "tidemill";

    boolean isOurs() {
        return name.equals(OURS);
    }

    boolean isOnJvm() {
        return platform.equals("JVM");
    }

    int jobs(Plan plan) {
        return (int) Math.max(100, plan.jobs() * share.jobs());
    }

    int singles(Plan plan) {
        return (int) Math.max(100, plan.singles() * share.singles());
    }

    /** Four times the seconds where the pace is slow, so that some polls are seen. */
    int pickups(Plan plan) {
        return perSecond == Plan.PER_SECOND
                ? plan.pickups()
                : Math.max(1, 4 * plan.pickups() * perSecond / Plan.PER_SECOND);
    }
}

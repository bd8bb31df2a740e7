package dev.tidemill.server.http;

import java.util.EnumSet;
import java.util.Set;

/** What a caller may do. None includes another: a key that may only enqueue can read nothing. */
public enum Permission {
    /** Look at everything but users and keys: jobs with their payloads, statistics, the audit trail, metrics. */
    READ,
    /** Enqueue jobs. */
    ENQUEUE,
    /** Take jobs and report what became of them, as a remote worker does. */
    WORK,
    /** Change what jobs, schedules, queues and nodes do: cancel, replay, pause, drain, limit. */
    OPERATE,
    /** Change who may do what, and what is kept for how long. */
    ADMIN;

    /** All of them. */
    public static final Set<Permission> ALL = java.util.Collections.unmodifiableSet(EnumSet.allOf(Permission.class));
}

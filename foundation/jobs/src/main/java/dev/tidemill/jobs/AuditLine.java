package dev.tidemill.jobs;

import java.time.Instant;

/**
 * One change that a person made, or a program on somebody's behalf. Kept for 400 days.
 *
 * @param id grows with time; two changes at the same moment may be listed in either order
 * @param at when, by the database's clock
 * @param by who asked for it: what the caller gave, a node's name, {@code api} over HTTP
 * @param action what was done, such as {@code pause}, {@code cancel}, {@code replay all}
 * @param target to what: {@code JOB 4711}, {@code QUEUE mail}, {@code NODE web-1}, {@code SCHEDULE nightly}, {@code JOBS
 *     DEAD kind=SendMail}
 * @param detail what else is to be said: a reason, an outcome, how many; never a payload
 */
public record AuditLine(long id, Instant at, String by, String action, String target, String detail) {}

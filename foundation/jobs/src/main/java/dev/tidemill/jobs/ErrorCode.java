package dev.tidemill.jobs;

/** Stable codes of the errors that Tidemill raises; they appear in messages, problem details and dead letters. */
public enum ErrorCode {
    /** A kind is not a name: 1 to 100 letters, digits, dots, dashes or underscores, the first one a letter. */
    INVALID_KIND,
    /** A queue is not a name, by the same rule as a kind. */
    INVALID_QUEUE,
    /** An option has a value outside its bounds. */
    INVALID_OPTION,
    /** A tag has a bad name, or a value that is empty or too long. */
    INVALID_TAG,
    /** A payload is not JSON, or the job object cannot be written as JSON. */
    PAYLOAD_INVALID,
    /** A payload is longer than the limit. */
    PAYLOAD_TOO_LARGE,
    /** A handler's class cannot be read from the stored payload. */
    PAYLOAD_UNREADABLE,
    /** The job's body is gone, so it cannot run. */
    BODY_MISSING,
    /** The database does not answer. */
    DATABASE_UNREACHABLE,
    /** The database is older than PostgreSQL 15. */
    DATABASE_TOO_OLD,
    /** The database user lacks a right that Tidemill needs. */
    PRIVILEGE_MISSING,
    /** The schema was made by a newer version of the program. */
    SCHEMA_NEWER,
    /** The schema is missing or older than the program, and migrating it was switched off. */
    SCHEMA_OUTDATED,
    /** A statement failed for a reason that has no code of its own. */
    DATABASE_ERROR,
    /** The attempt could not be completed: it timed out, was completed before, or its node lost its epoch. */
    NOT_COMPLETED,
    /** The attempt ran past its time limit. */
    TIMED_OUT,
    /** The handler said that trying again is pointless. */
    GIVEN_UP,
    /** The job took its node down with it, as often as is allowed. */
    POISONED,
    /** The handler threw. */
    HANDLER_FAILED,
    /** Nothing has the id that was asked for. */
    NOT_FOUND,
    /** There is something of that name already. */
    ALREADY_EXISTS,
    /** No job store is on the class path. */
    STORE_MISSING,
    /** The key of a unique job is in a transaction of somebody else's that does not end. */
    KEY_BUSY,
    /** The attempt is no longer in the hands of the worker that tells of it: its lease ran out, or it has ended. */
    LEASE_LOST,
    /** The attempt was handed out by another process, which is the one to tell. */
    HELD_ELSEWHERE,
    /** The instance was stopped. */
    STOPPED
}

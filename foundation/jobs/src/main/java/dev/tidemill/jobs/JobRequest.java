package dev.tidemill.jobs;

/**
 * A job whose class this process does not have: its kind and its payload as JSON text. Everything that takes a job
 * object takes one of these too.
 *
 * @param kind 1 to 100 letters, digits, dots, dashes or underscores, the first one a letter
 * @param json one JSON value; checked when enqueued
 * @param options used where none are given beside it, so that jobs of one bulk may differ
 */
public record JobRequest(String kind, String json, EnqueueOptions options) {
    public JobRequest {
        Names.kind(kind);
    }

    /** With no options of its own. */
    public JobRequest(String kind, String json) {
        this(kind, json, EnqueueOptions.NONE);
    }
}

package dev.tidemill.server;

/** How log lines look. */
public enum LogFormat {
    /** A line for people. */
    TEXT,
    /** A JSON object a line, for whatever collects logs. */
    JSON
}

package dev.tidemill.rules.capture;

/** What a rule can be about. */
public enum Event {
    INSERT,
    UPDATE,
    DELETE
}

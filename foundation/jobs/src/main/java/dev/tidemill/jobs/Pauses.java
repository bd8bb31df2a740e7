package dev.tidemill.jobs;

import java.util.List;

/** Pauses and resumes. Holds for claims that begin after it, on every node; what runs goes on. Thread safe. */
public interface Pauses {
    /**
     * Pauses; false if it is paused already.
     *
     * @param name a queue, a kind or a key; anything for {@link Pause.Scope#EVERYTHING}
     * @param by who, for the audit trail; 1 to 100 characters
     * @param reason why, up to 500 characters; may be empty
     */
    boolean pause(Pause.Scope scope, String name, String by, String reason);

    /** Resumes; false if it is not paused. */
    boolean resume(Pause.Scope scope, String name, String by);

    /** What is paused. */
    List<Pause> paused();

    /** The name if it can be paused in this scope; the error says what the rule is. */
    static String validName(Pause.Scope scope, String name) {
        return switch (scope) {
            case EVERYTHING -> Pause.ALL;
            case QUEUE -> Names.queue(name);
            case KIND -> Names.kind(name);
            case KEY -> Names.key(name);
        };
    }
}

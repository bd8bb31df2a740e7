package dev.tidemill.jobs;

import java.time.Instant;

/**
 * Jobs that are not to start for now; those that run go on.
 *
 * @param scope what {@code name} names
 * @param name a queue, a kind or a key; {@code *} for everything
 * @param since since when, by the database's clock
 * @param by who asked for it
 * @param reason why
 */
public record Pause(Scope scope, String name, Instant since, String by, String reason) {
    /** What is paused. */
    public enum Scope {
        /** All jobs. */
        EVERYTHING(0),
        /** The jobs of a queue. */
        QUEUE(1),
        /** The jobs of a kind. */
        KIND(2),
        /** The jobs with a key, whatever queue and kind. */
        KEY(3);

        private final int code;

        Scope(int code) {
            this.code = code;
        }

        /** The number this scope has in storage. */
        public int code() {
            return code;
        }

        /** The scope of a storage code. */
        public static Scope ofCode(int code) {
            return values()[code];
        }
    }

    /** The name that stands for everything. */
    public static final String ALL = "*";
}

package dev.tidemill.postgres;

import java.sql.SQLException;

/**
 * A setting that code and people share: what holds, and what the code said of it last, as words to compare. A start writes
 * over what people set since only where its code says something new, and remembers what it said. Read under a lock of the
 * setting's, so that starts take turns.
 *
 * @param held empty where nothing does
 * @param said empty where the code said nothing yet
 */
record Words(String held, String said) {
    /** A step of the same transaction. */
    @FunctionalInterface
    interface Step {
        void take() throws SQLException;
    }

    /** What the code says now. */
    void hear(String words, Step remember, Step set) throws SQLException {
        if (said.equals(words)) {
            return;
        }
        remember.take();
        if (!held.equals(words)) {
            set.take();
        }
    }
}

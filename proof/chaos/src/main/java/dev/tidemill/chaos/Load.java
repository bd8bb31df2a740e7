package dev.tidemill.chaos;

import java.util.List;

/** The jobs of a run. */
final class Load {
    /** Kinds whose every success leaves one row in the ledger's table of effects. */
    static final List<String> WITH_EFFECT = List.of("Effect", "Bundled", "Overdue", "Parent", "Child");
    /** Kinds that end as dead letters. */
    static final List<String> DOOMED = List.of("Doomed");

    private Load() {}

    /** Takes a while and leaves nothing behind. */
    record Plain(int millis) {}

    /** Writes an effect, and completes in the same transaction, with a while before and after. */
    record Effect(int millis) {}

    /** Is handled in chunks: the effects of several jobs, and their completion, in one transaction. */
    record Bundled(int millis) {}

    /** Fails so many times. */
    record Flaky(int failures) {}

    /** Fails every time. */
    record Doomed() {}

    /** At first exceeds its time limit without listening, and then tries to complete all the same. */
    record Overdue() {}

    /** Enqueues a child in the transaction in which it completes. */
    record Parent() {}

    /** Enqueued by another job. */
    record Child(long parent) {}

    /** Has a key, of which so many may run at once. */
    record Limited(int millis) {}

    /** So many may start in a second. */
    record Metered() {}

    /** Of all of them so many may run at once. */
    record Scarce(int millis) {}

    /** There is one at a time with each key. */
    record Single(String key) {}

    /** Enqueued in a transaction that is rolled back: nobody may ever see one. */
    record Phantom() {}
}

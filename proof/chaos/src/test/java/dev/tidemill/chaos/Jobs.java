package dev.tidemill.chaos;

/** The jobs of these tests. */
final class Jobs {
    private Jobs() {}

    /** Takes a while and leaves nothing behind. */
    record Work(int millis) {}

    /** Writes a row of the ledger's, and completes in the same transaction. */
    record Effect(int millis) {}

    /** Is handled in chunks; each writes the rows of its jobs and completes in the same transaction. */
    record Bundled(int millis) {}

    /** Fails at its first attempt. */
    record FailsOnce() {}

    /** Says that it runs, and goes on when told to. */
    record Held() {}

    /** Writes a row of the ledger's, completes, says so, and commits when told to. */
    record HeldEffect() {}

    /** Is handled in chunks: a bad one fails, and with it every call that has it; of two it is held first. */
    record Halved(boolean bad) {}

    /** Says how far it is, logs a line, and is held; at its second attempt it says nothing until it is told to go on. */
    record Telling() {}

    /** Writes its number where the test finds it, and completes in the same transaction. */
    record Latest(String key, int number) {}
}

package dev.tidemill.cache.postgres;

import dev.tidemill.cache.tier.Position;
import java.util.Arrays;

/**
 * A snapshot of PostgreSQL, as {@code pg_snapshot} writes it: a transaction is seen if it is older than all that were
 * open, or between and not one of them. Exact for late commits, which a number alone is not.
 *
 * @param life the history that its numbers belong to
 * @param oldest the oldest transaction that was open
 * @param next the first that had not begun
 * @param open those in between that were open, sorted
 */
@SuppressWarnings("ArrayRecordComponent") // Ours alone, and compared by its text.
record Snapshot(String life, long oldest, long next, long[] open) implements Position {
    static Snapshot of(String life, String text) {
        String[] parts = text.split(":", -1);
        long[] open = parts[2].isEmpty()
                ? new long[0]
                : Arrays.stream(parts[2].split(",", -1))
                        .mapToLong(Long::parseLong)
                        .sorted()
                        .toArray();
        return new Snapshot(life, Long.parseLong(parts[0]), Long.parseLong(parts[1]), open);
    }

    /** What {@link #text()} wrote. */
    static Snapshot parse(String text) {
        int bar = text.indexOf('|');
        return of(text.substring(0, bar), text.substring(bar + 1));
    }

    @Override
    public boolean sees(long transaction) {
        return transaction < oldest || (transaction < next && Arrays.binarySearch(open, transaction) < 0);
    }

    @Override
    public boolean isAtLeast(long forgottenBelow) {
        return oldest >= forgottenBelow;
    }

    /** As the server reads it. */
    String forServer() {
        StringBuilder text =
                new StringBuilder().append(oldest).append(':').append(next).append(':');
        for (int i = 0; i < open.length; i++) {
            text.append(i == 0 ? "" : ",").append(open[i]);
        }
        return text.toString();
    }

    @Override
    public String text() {
        return life + "|" + forServer();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Snapshot that && text().equals(that.text());
    }

    @Override
    public int hashCode() {
        return text().hashCode();
    }

    @Override
    public String toString() {
        return text();
    }
}

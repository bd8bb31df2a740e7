package dev.tidemill.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * What is paused, for all or because this node is drained, and what is limited, as of a version. A claim names the version it was made for and is refused when
 * another one holds by then, so that what is remembered here needs no other way of growing old. Immutable.
 */
final class Gates {
    private final long version;
    private final boolean paused;
    private final boolean keysPaused;
    private final Set<Integer> pausedQueues;
    private final Set<Integer> pausedKinds;
    private final Set<Integer> limitedQueues;
    private final Set<Integer> limitedKinds;
    private final Set<Integer> brokenKinds;

    private Gates(long version, Set<Long> rows) {
        this.version = version;
        this.paused = rows.contains(row(0, 0)) || rows.contains(row(6, 0));
        this.pausedQueues = ids(rows, 1);
        this.pausedKinds = ids(rows, 2);
        this.keysPaused = rows.contains(row(3, 0));
        this.limitedQueues = ids(rows, 4);
        this.limitedKinds = ids(rows, 5);
        this.brokenKinds = ids(rows, 7);
    }

    static Gates read(Connection connection, Statements statements, long epoch) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("gates"))) {
            statement.setLong(1, epoch);
            try (ResultSet rows = statement.executeQuery()) {
                long version = 0;
                Set<Long> read = new HashSet<>();
                while (rows.next()) {
                    version = rows.getLong(1);
                    if (rows.getInt(2) >= 0) {
                        read.add(row(rows.getInt(2), rows.getInt(3)));
                    }
                }
                return new Gates(version, read);
            }
        }
    }

    private static long row(int what, int id) {
        return (long) what << 32 | id;
    }

    private static Set<Integer> ids(Set<Long> rows, int what) {
        Set<Integer> ids = new HashSet<>();
        rows.stream().filter(row -> row >> 32 == what).forEach(row -> ids.add((int) (long) row));
        return Set.copyOf(ids);
    }

    long version() {
        return version;
    }

    /** Whether jobs of this queue may start at all. */
    boolean open(int queue) {
        return !paused && !pausedQueues.contains(queue);
    }

    /** Whether a claim on this queue has to look at limits, whatever the kind. */
    boolean limits(int queue) {
        return keysPaused || limitedQueues.contains(queue);
    }

    /** Whether no rule concerns jobs of this queue and kind. */
    boolean free(int queue, int kind) {
        return open(queue)
                && !limits(queue)
                && !pausedKinds.contains(kind)
                && !brokenKinds.contains(kind)
                && !limitedKinds.contains(kind);
    }

    /** The kinds that may start at all. */
    int[] openKinds(int[] kinds) {
        return Arrays.stream(kinds)
                .filter(kind -> !pausedKinds.contains(kind) && !brokenKinds.contains(kind))
                .toArray();
    }

    /** The kinds that may not start because of a breaker alone. */
    int[] brokenKinds(int[] kinds) {
        if (brokenKinds.isEmpty() || paused) {
            return new int[0];
        }
        return Arrays.stream(kinds)
                .filter(kind -> brokenKinds.contains(kind) && !pausedKinds.contains(kind))
                .toArray();
    }

    /** Those of these kinds that have limits of their own, or those that have none. */
    int[] limited(int[] kinds, boolean limited) {
        return Arrays.stream(kinds)
                .filter(kind -> limitedKinds.contains(kind) == limited)
                .toArray();
    }

    /** Those of the open kinds that have limits of their own, or those that have none. */
    int[] openKinds(int[] kinds, boolean limited) {
        return limited(openKinds(kinds), limited);
    }
}

package dev.tidemill.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import javax.sql.DataSource;

/**
 * A process of the version that knew the first migration alone: its statements word by word, in the order in which a
 * node uses them. Enqueues, claims, finishes, retries and looks after the tables.
 */
final class FormerWorker implements Runnable {
    private static final String UNDEFINED_FUNCTION = "42883";

    private final DataSource dataSource;
    private final Map<String, String> statements = new HashMap<>();
    private final Set<Long> added = new ConcurrentSkipListSet<>();
    private final AtomicInteger turns = new AtomicInteger();
    private volatile boolean stopping;
    private boolean overtaken;
    private long epoch;

    FormerWorker(DataSource dataSource, String schema) {
        this.dataSource = dataSource;
        for (String section :
                Pattern.compile("(?m)^-- :").split(Statements.resource("former/statements-001.sql"), -1)) {
            int end = section.indexOf('\n');
            // That version did not quote.
            statements.put(
                    section.substring(0, end).strip(), section.substring(end).replace("{schema}", schema));
        }
    }

    Set<Long> added() {
        return added;
    }

    int turns() {
        return turns.get();
    }

    void stop() {
        stopping = true;
    }

    @Override
    public void run() {
        try (Connection connection = dataSource.getConnection()) {
            int kind = name(connection, "kind", "k");
            int queue = name(connection, "queue", "q");
            epoch = number(connection, "join_node", "former", "here", 1L, new String[] {"k"}, new String[] {"q"});
            execute(connection, "raise_fence", epoch);
            while (!stopping) {
                try {
                    turn(connection, kind, queue);
                } catch (SQLException failed) {
                    overtaken(failed);
                }
                turns.incrementAndGet();
            }
            finish(connection, claim(connection, kind, queue), true);
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    /**
     * V007 drops what it replaces, and a statement that was inside of it just then fails, whole. That version's loops try
     * again, and so does this; more than once it must not happen.
     */
    private void overtaken(SQLException failed) throws SQLException {
        if (overtaken
                || !UNDEFINED_FUNCTION.equals(failed.getSQLState())
                || !String.valueOf(failed.getMessage()).contains("take_lane")) {
            throw failed;
        }
        overtaken = true;
    }

    private void turn(Connection connection, int kind, int queue) throws SQLException {
        long first = number(connection, "take_blocks", 1) * 1_000;
        execute(
                connection,
                "add_ready",
                new long[] {first, first + 1},
                new int[] {kind, kind},
                new int[] {queue, queue},
                new short[] {2, 2},
                new String[] {"{}", "{}"},
                new String[] {null, null},
                new long[] {1_000_000, 1_000_000});
        execute(
                connection,
                "add_scheduled",
                new long[] {first + 2},
                new int[] {kind},
                new int[] {queue},
                new short[] {3},
                new String[] {"{}"},
                new String[] {null},
                new long[] {1_000_000},
                new long[] {1_000},
                new long[] {0});
        added.addAll(List.of(first, first + 1, first + 2));
        execute(connection, "move_due", 100);
        finish(connection, claim(connection, kind, queue), turns.get() % 3 != 0);
        execute(connection, "heartbeat", 1, epoch);
        execute(connection, "make_partitions");
        execute(connection, "roll_up");
        execute(connection, "job", (Object) new long[] {first, first + 2});
        execute(connection, "stats_running");
    }

    /** Lease, job, attempt, failures, start_by of what was claimed. */
    private List<long[]> claim(Connection connection, int kind, int queue) throws SQLException {
        List<long[]> claimed = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(statements.get("claim"))) {
            Parameters.set(
                    statement,
                    epoch,
                    0,
                    new int[] {kind},
                    new int[] {16, 8, 4, 2, 1},
                    new int[] {queue},
                    new int[] {100},
                    new int[] {100},
                    new int[] {2},
                    new long[5],
                    new long[5]);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    if (rows.getString(9) == null) {
                        throw new IllegalStateException("no body: " + rows.getLong(2));
                    }
                    claimed.add(new long[] {
                        rows.getLong(1),
                        rows.getLong(2),
                        rows.getLong(3),
                        rows.getLong(4),
                        rows.getLong(7),
                        rows.getLong(8)
                    });
                }
            }
        }
        return claimed;
    }

    private void finish(Connection connection, List<long[]> claimed, boolean succeed) throws SQLException {
        if (claimed.isEmpty()) {
            return;
        }
        long[] leases = column(claimed, 0);
        long[] jobs = column(claimed, 1);
        short[] attempts = shorts(claimed, 2);
        long[] zeros = new long[jobs.length];
        long[] ended = claimed.stream().mapToLong(job -> job[0]).distinct().toArray();
        if (succeed) {
            execute(connection, "finish", epoch, 1, leases, jobs, attempts, zeros, zeros, zeros, ended);
            return;
        }
        short[] again = new short[jobs.length];
        Arrays.fill(again, (short) 1);
        String[] texts = new String[jobs.length];
        Arrays.fill(texts, "again");
        int[] kinds = new int[jobs.length];
        Arrays.fill(kinds, 1);
        execute(
                connection,
                "finish_failures",
                epoch,
                1,
                leases,
                jobs,
                attempts,
                shorts(claimed, 3),
                zeros,
                zeros,
                zeros,
                again,
                texts,
                again,
                zeros,
                zeros,
                texts,
                kinds,
                kinds,
                shorts(claimed, 4));
        execute(
                connection,
                "finish",
                epoch,
                1,
                new long[0],
                new long[0],
                new short[0],
                new long[0],
                new long[0],
                new long[0],
                ended);
    }

    private static long[] column(List<long[]> rows, int which) {
        return rows.stream().mapToLong(row -> row[which]).toArray();
    }

    private static short[] shorts(List<long[]> rows, int which) {
        short[] values = new short[rows.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = (short) rows.get(i)[which];
        }
        return values;
    }

    private int name(Connection connection, String what, String name) throws SQLException {
        execute(connection, "add_" + what, name);
        return (int) number(connection, what + "_id", name);
    }

    private void execute(Connection connection, String name, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, parameters);
            statement.execute();
        }
    }

    private long number(Connection connection, String name, Object... parameters) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, parameters);
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getLong(1);
            }
        }
    }
}

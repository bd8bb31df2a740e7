package dev.tidemill.postgres;

import dev.tidemill.jobs.CatchUp;
import dev.tidemill.jobs.Overlap;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.store.ScheduleDraft;
import dev.tidemill.jobs.store.StoredSchedule;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Reads rows of schedules with what belongs to them: jobs that have not ended, fires that wait. */
final class ScheduleReader {
    /** The newest form of rows that this program understands. */
    static final int FORMAT = 2;

    private final Statements statements;

    ScheduleReader(Statements statements) {
        this.statements = statements;
    }

    /** A schedule and its number. */
    record Row(long id, StoredSchedule schedule) {}

    /** As {@link #read(PreparedStatement, LongConsumer)}, refusing what this program cannot read. */
    List<Row> read(PreparedStatement statement) throws SQLException {
        return read(statement, null);
    }

    /**
     * Runs a statement that returns rows of schedules.
     *
     * @param unreadable is given the numbers of rows that this program cannot read, such as those with a time zone that
     *     it does not know; null to throw
     */
    List<Row> read(PreparedStatement statement, @Nullable LongConsumer unreadable) throws SQLException {
        List<Bare> found = new ArrayList<>();
        try (ResultSet rows = statement.executeQuery()) {
            while (rows.next()) {
                long id = rows.getLong("id");
                try {
                    found.add(bare(id, rows));
                } catch (TidemillException cannot) {
                    if (unreadable == null) {
                        throw cannot;
                    }
                    unreadable.accept(id);
                }
            }
        }
        return complete(statement.getConnection(), found);
    }

    private record Bare(
            long id,
            ScheduleDraft draft,
            long anchor,
            boolean inCode,
            boolean edited,
            boolean paused,
            long created,
            long changed,
            long next,
            long last,
            @Nullable String error) {}

    private static Bare bare(long id, ResultSet rows) throws SQLException {
        Map<String, String> tags = new HashMap<>();
        String[] names = strings(rows, "tag_names");
        String[] values = strings(rows, "tag_values");
        for (int i = 0; i < names.length; i++) {
            tags.put(names[i], values[i]);
        }
        int attempts = rows.getInt("attempts");
        boolean noAttempts = rows.wasNull();
        long timeout = rows.getLong("timeout_millis");
        boolean noTimeout = rows.wasNull();
        boolean inCode = rows.getString("code_hash") != null;
        ScheduleDraft draft = new ScheduleDraft(
                rows.getString("name"),
                Timing.parse(rows.getString("timing")),
                rows.getString("kind"),
                rows.getString("payload"),
                rows.getString("queue"),
                Priority.ofCode(rows.getInt("priority")),
                noAttempts ? null : attempts,
                noTimeout ? null : timeout,
                rows.getString("key"),
                tags,
                new CatchUp(rows.getInt("catch_up")),
                Overlap.ofCode(rows.getInt("overlap")));
        return new Bare(
                id,
                draft,
                rows.getLong("anchor"),
                inCode,
                inCode && rows.getBoolean("edited"),
                rows.getBoolean("paused"),
                rows.getLong("created"),
                rows.getLong("changed"),
                rows.getLong("next_fire"),
                rows.getLong("last_fire"),
                rows.getString("error"));
    }

    private static String[] strings(ResultSet rows, String column) throws SQLException {
        return (String[]) rows.getArray(column).getArray();
    }

    private List<Row> complete(Connection connection, List<Bare> found) throws SQLException {
        if (found.isEmpty()) {
            return List.of();
        }
        long[] ids = found.stream().mapToLong(Bare::id).toArray();
        Map<Long, List<Long>> unfinished = new HashMap<>();
        Map<Long, Long> ended = new HashMap<>();
        each(connection, "schedule_open", ids, rows -> {
            long end = rows.getLong(3);
            if (rows.wasNull()) {
                unfinished
                        .computeIfAbsent(rows.getLong(1), id -> new ArrayList<>())
                        .add(rows.getLong(2));
            } else {
                ended.merge(rows.getLong(1), end, Math::max);
            }
        });
        Map<Long, List<Long>> waiting = new HashMap<>();
        each(
                connection,
                "schedule_waiting",
                ids,
                rows -> waiting.computeIfAbsent(rows.getLong(1), id -> new ArrayList<>())
                        .add(rows.getLong(2)));
        return found.stream()
                .map(bare -> new Row(
                        bare.id,
                        new StoredSchedule(
                                bare.draft,
                                bare.anchor,
                                bare.inCode,
                                bare.edited,
                                bare.paused,
                                bare.created,
                                bare.changed,
                                bare.next,
                                bare.last,
                                unfinished.getOrDefault(bare.id, List.of()),
                                ended.getOrDefault(bare.id, 0L),
                                waiting.getOrDefault(bare.id, List.of()),
                                bare.error)))
                .toList();
    }

    @FunctionalInterface
    private interface Line {
        void read(ResultSet rows) throws SQLException;
    }

    private void each(Connection connection, String name, long[] ids, Line line) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            statement.setObject(1, ids);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    line.read(rows);
                }
            }
        }
    }
}

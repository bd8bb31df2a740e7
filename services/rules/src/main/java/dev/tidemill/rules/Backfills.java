package dev.tidemill.rules;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Goes through tables and appends each row as a change, page by page. So rows are reacted to by the same pumps, in turn with
 * what changes meanwhile, and a key is never in two hands. What is appended is only that there is a row: the reaction gets
 * it as it is by then, because what a page saw may be older than a change that is reacted to first.
 */
final class Backfills {
    private static final int MOST_ROWS = 5_000;

    private final Database database;
    private final Catalog catalog;

    Backfills(Database database, Catalog catalog) {
        this.database = database;
        this.catalog = catalog;
    }

    /**
     * Begins one, or finds the one under way. Nothing but the rule's row is needed: whichever process has its code goes on.
     *
     * @param begun what to do in its transaction if it is a new one
     */
    long begin(String name, int rowsPerSecond, Database.Work<?> begun) {
        return database.ask(connection -> {
            int rule = catalog.id(connection, name);
            if (database.one(connection, "only_deletes", row -> row.getBoolean(1), name)
                    .orElse(false)) {
                throw Trial.onlyDeletes(name, "a backfill");
            }
            Optional<Long> id = database.one(connection, "begin_backfill", row -> row.getLong(1), rowsPerSecond, rule);
            if (id.isPresent()) {
                begun.on(connection);
                return id.get();
            }
            return database.one(connection, "running", row -> row.getLong(1), rule, "BACKFILL")
                    .orElse(0L);
        });
    }

    /**
     * Ends the one under way.
     *
     * @param ended what to do in its transaction if there is one
     */
    boolean cancel(String name, Database.Work<?> ended) {
        return database.ask(connection -> {
            if (database.update(connection, "run_cancel", catalog.id(connection, name), "BACKFILL") == 0) {
                return false;
            }
            ended.on(connection);
            return true;
        });
    }

    /** Says why a page could not be done; it is tried again. */
    void trouble(int rule, String note) throws SQLException {
        database.transaction(connection -> database.update(connection, "run_trouble", note, rule, note));
    }

    private record Run(
            long id, @Nullable String position, long lastChange, int rowsPerSecond, boolean mayBegin, long pending) {
        int rows() {
            return Math.min(MOST_ROWS, Math.max(1, rowsPerSecond / 5));
        }
    }

    /** The next page, if it is time and no other process does it; false if nothing was appended. */
    boolean turn(Installed<?> rule) throws SQLException {
        return database.transaction(connection -> {
            Optional<Run> found = database.one(
                    connection,
                    "run_turn",
                    row -> new Run(
                            row.getLong(1),
                            row.getString(2),
                            row.getLong(3),
                            row.getInt(4),
                            row.getBoolean(7),
                            row.getLong(8)),
                    rule.id());
            return found.isPresent() && page(connection, rule, found.get());
        });
    }

    private boolean page(Connection connection, Installed<?> rule, Run run) throws SQLException {
        if (run.position == null && !run.mayBegin) {
            database.update(
                    connection,
                    "run_note",
                    "It begins once the transactions that are older than the triggers are over.",
                    run.id);
            return false;
        }
        if (run.pending >= 2L * run.rows()) {
            return false;
        }
        RowReader reader = rule.reader();
        List<String> ids = new ArrayList<>();
        List<@Nullable String> keys = new ArrayList<>();
        read(connection, reader, run, ids, keys);
        if (!database.one(connection, "same_table", row -> row.getBoolean(1), rule.id())
                .orElse(false)) {
            return false;
        }
        if (ids.isEmpty()) {
            boolean drained = database.one(connection, "drained", row -> row.getBoolean(1), rule.id(), run.lastChange)
                    .orElse(false);
            if (drained) {
                database.update(connection, "run_end", "DONE", null, 0L, 0L, run.id);
            }
            return false;
        }
        boolean byKey = reader.table().isPrimaryKey(reader.definition().key());
        long last = run.lastChange;
        List<Long> appended = database.list(
                connection,
                "append",
                row -> row.getLong(1),
                rule.id(),
                connection.createArrayOf("text", keys.toArray()),
                connection.createArrayOf("text", byKey ? new String[ids.size()] : ids.toArray()));
        for (long id : appended) {
            last = Math.max(last, id);
        }
        database.update(connection, "run_page", ids.getLast(), last, ids.size(), null, run.id);
        return true;
    }

    private static void read(
            Connection connection, RowReader reader, Run run, List<String> ids, List<@Nullable String> keys)
            throws SQLException {
        String selected = "(" + reader.table().rowId("t.") + ")::text, t."
                + RowReader.quoted(reader.definition().key()) + "::text, " + reader.leftOut();
        // As in triggers, so that the condition sees the same.
        Delivery.execute(connection, "set local timezone = 'UTC'");
        try (PreparedStatement statement =
                connection.prepareStatement(reader.page(run.position, selected, run.rows()))) {
            if (run.position != null) {
                for (int i = 1; i <= reader.table().primaryKey().size(); i++) {
                    statement.setString(i, run.position);
                }
            }
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    ids.add(rows.getString(1));
                    keys.add(rows.getBoolean(3) ? null : rows.getString(2));
                }
            }
        }
    }
}

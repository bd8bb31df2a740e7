package dev.tidemill.rules;

import dev.tidemill.rules.capture.Misread;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.postgresql.PGConnection;
import org.postgresql.jdbc.PreferQueryMode;

/** Runs a statement of the application's over {@code changes (key, kind, old, new)}, one row a key: the one that changed last. */
final class SqlReaction {
    private static final Pattern WITH = Pattern.compile("^\\s*with\\s+(recursive\\s+)?", Pattern.CASE_INSENSITIVE);
    private static final String CHANGES =
            "changes (key, kind, old, new) as (select c.key, c.kind, c.old::jsonb, c.new::jsonb from"
                    + " unnest(?::text[], ?::text[], ?::text[], ?::text[]) c (key, kind, old, new))";

    private SqlReaction() {}

    /** Refuses what cannot be run. */
    static String checked(String rule, String sql) {
        if (sql.isBlank() || sql.contains("?")) {
            throw new RuleException(
                    RuleError.INVALID,
                    "The statement of the rule '" + rule + "' is "
                            + (sql.isBlank() ? "empty" : "refused, because it has a question mark")
                            + ". Give one statement that reads from changes (key, kind, old, new); for the operator ? of jsonb"
                            + " write jsonb_exists(a, b).");
        }
        return sql;
    }

    /**
     * Has the database read what a rule says in SQL, without running it, so that what it does not understand is refused at
     * the start instead of failing for each key.
     */
    static void understood(Connection connection, LocalRule<?> rule) throws SQLException {
        if (connection.unwrap(PGConnection.class).getPreferQueryMode() == PreferQueryMode.SIMPLE) {
            // This protocol cannot ask without running.
            return;
        }
        if (rule.action() instanceof LocalRule.Action.Statement<?> said) {
            understood(connection, rule.name(), "statement", said.sql(), with(said.sql()));
        }
        String wrong = rule.settings().expecting();
        if (wrong != null) {
            understood(connection, rule.name(), "query for wrong keys", wrong, wrongKeys(wrong));
        }
    }

    private static void understood(Connection connection, String rule, String what, String given, String sql)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.getParameterMetaData();
        } catch (SQLException failed) {
            throw new RuleException(
                    RuleError.INVALID,
                    "The " + what + " of the rule '" + rule + "' is refused: " + given + ". The database says: "
                            + Misread.words(failed),
                    failed);
        }
    }

    /** The keys that are not as they should be, as text. */
    static String wrongKeys(String query) {
        return "select distinct w.key::text from (" + query + ") w (key)";
    }

    /** The statement with its changes. */
    static String with(String sql) {
        Matcher with = WITH.matcher(sql);
        return with.find()
                ? "with " + (with.group(1) == null ? "" : "recursive ") + CHANGES + ", " + sql.substring(with.end())
                : "with " + CHANGES + " " + sql;
    }

    static void run(
            String sql,
            List<KeyChanges.Merged> rows,
            List<? extends Change<?>> changes,
            RowReader.Current current,
            Connection connection)
            throws SQLException {
        Map<String, Integer> last = new LinkedHashMap<>();
        for (int i = 0; i < rows.size(); i++) {
            last.put(rows.get(i).key(), i);
        }
        int size = last.size();
        String[] keys = new String[size];
        String[] kinds = new String[size];
        @Nullable Object[] olds = new @Nullable Object[size];
        @Nullable Object[] nows = new @Nullable Object[size];
        int place = 0;
        for (int i : last.values()) {
            KeyChanges.Merged row = rows.get(i);
            keys[place] = row.key();
            kinds[place] = changes.get(i).kind().name();
            olds[place] = row.old();
            nows[place] = row.read() ? current.of(row) : row.now();
            place++;
        }
        try (PreparedStatement statement = connection.prepareStatement(with(sql))) {
            statement.setArray(1, connection.createArrayOf("text", keys));
            statement.setArray(2, connection.createArrayOf("text", kinds));
            statement.setArray(3, connection.createArrayOf("text", olds));
            statement.setArray(4, connection.createArrayOf("text", nows));
            statement.execute();
        }
    }
}

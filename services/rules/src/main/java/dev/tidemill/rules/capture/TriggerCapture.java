package dev.tidemill.rules.capture;

import dev.tidemill.rules.RuleError;
import dev.tidemill.rules.RuleException;
import dev.tidemill.rules.capture.CaptureText.Watcher;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Notices changes by statement triggers with transition tables, which fire whatever {@code session_replication_role} says.
 * A table has one function, made anew when its rules change, which locks nothing; its triggers are made once.
 */
public final class TriggerCapture implements Capture {
    private static final int TRIGGERS = 4;

    private final String schema;
    private final String bareSchema;
    private final String prefix;
    private final DefinitionCodec codec = new DefinitionCodec();

    /** For the tables of a schema of ours. */
    public TriggerCapture(String schema) {
        this.bareSchema = schema;
        this.schema = Identifiers.quoted(schema);
        this.prefix = "tidemill_" + Identifiers.digest(schema).substring(0, 8) + "_";
    }

    /** The beginning of the names of the settings by which triggers know whose write it is. */
    public String setting() {
        return "tidemill.r" + Identifiers.digest(bareSchema).substring(0, 8) + "_";
    }

    @Override
    public void check(Connection connection, String rule, Definition definition, TableShape table) throws SQLException {
        table.check(rule, definition);
        String condition = definition.whenSql();
        if (condition == null) {
            return;
        }
        if (condition.contains("$tidemill") || condition.contains(";")) {
            throw refused(rule, condition, "it holds a semicolon", null);
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute(text(table, List.of()).tryCondition(definition));
        } catch (SQLException failed) {
            throw refused(rule, condition, Misread.words(failed), failed);
        }
    }

    private static RuleException refused(String rule, String condition, String why, @Nullable Throwable cause) {
        return new RuleException(
                RuleError.INVALID,
                "The condition of the rule '" + rule + "' is refused: " + condition
                        + ". It is an expression over old and new, which have the key and the columns watched and carried: "
                        + why,
                cause);
    }

    @Override
    public @Nullable String condition(int rule, Definition definition) {
        return definition.whenSql() == null ? null : CaptureText.conditionOf(schema, rule);
    }

    private CaptureText text(TableShape table, List<Watcher> watchers) {
        return new CaptureText(schema, setting(), table, watchers);
    }

    @Override
    public void fit(Connection connection, String table) throws SQLException {
        List<Watcher> watchers = watchers(connection, table);
        String function = "rule_capture_" + Identifiers.digest(table).substring(0, 16);
        if (watchers.isEmpty()) {
            remove(connection, table, function);
            return;
        }
        TableShape shape = TableShape.read(connection, table);
        CaptureText text = text(shape, watchers);
        String fingerprint = Identifiers.digest(text.body());
        try (Statement statement = connection.createStatement()) {
            for (Watcher watcher : watchers) {
                String condition = text.createCondition(watcher);
                if (condition != null) {
                    statement.execute(condition);
                }
            }
            statement.execute(text.create(function));
            statement.execute(
                    "revoke all on function " + schema + "." + Identifiers.quoted(function) + "() from public");
        }
        remember(connection, table, function, fingerprint);
        makeTriggers(connection, shape, function);
    }

    private void makeTriggers(Connection connection, TableShape table, String function) throws SQLException {
        Map<String, String> there = triggers(connection, table.oid());
        try (Statement statement = connection.createStatement()) {
            for (Trigger trigger : Trigger.values()) {
                String name = Identifiers.quoted(prefix + trigger.suffix);
                String enabled = there.get(prefix + trigger.suffix);
                if (enabled == null) {
                    statement.execute("create trigger " + name + " " + trigger.when + " on " + table.name() + " "
                            + trigger.tables + " for each statement execute function " + schema + "."
                            + Identifiers.quoted(function) + "()");
                }
                if (!"A".equals(enabled)) {
                    statement.execute("alter table " + table.name() + " enable always trigger " + name);
                }
            }
        }
    }

    /** What there is of ours on a table: names, and how they are enabled. */
    private Map<String, String> triggers(Connection connection, long table) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select tgname::text, tgenabled::text from pg_trigger where tgrelid = ?::oid and not tgisinternal")) {
            statement.setLong(1, table);
            Map<String, String> found = new LinkedHashMap<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    if (rows.getString(1).startsWith(prefix)) {
                        found.put(rows.getString(1), rows.getString(2));
                    }
                }
            }
            return found;
        }
    }

    private enum Trigger {
        INSERTED("i", "after insert", "referencing new table as new_rows"),
        UPDATED("u", "after update", "referencing old table as old_rows new table as new_rows"),
        DELETED("d", "after delete", "referencing old table as old_rows"),
        EMPTIED("t", "before truncate", "");

        final String suffix;
        final String when;
        final String tables;

        Trigger(String suffix, String when, String tables) {
            this.suffix = suffix;
            this.when = when;
            this.tables = tables;
        }
    }

    private void remember(Connection connection, String table, String function, String fingerprint)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("insert into " + schema
                + ".rule_table (table_name, function_name, fingerprint) values (?, ?, ?) on conflict (table_name) do update"
                + " set function_name = excluded.function_name, fingerprint = excluded.fingerprint")) {
            statement.setString(1, table);
            statement.setString(2, function);
            statement.setString(3, fingerprint);
            statement.executeUpdate();
        }
    }

    /** The function's triggers go with it. */
    private void remove(Connection connection, String table, String function) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("drop function if exists " + schema + "." + Identifiers.quoted(function) + "() cascade");
        }
        try (PreparedStatement statement =
                connection.prepareStatement("delete from " + schema + ".rule_table where table_name = ?")) {
            statement.setString(1, table);
            statement.executeUpdate();
        }
    }

    private List<Watcher> watchers(Connection connection, String table) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select id, definition::text from " + schema + ".rule where table_name = ? order by id")) {
            statement.setString(1, table);
            List<Watcher> found = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    found.add(new Watcher(rows.getInt(1), codec.read(rows.getString(2))));
                }
            }
            return found;
        }
    }

    @Override
    public Map<Integer, String> audit(Connection connection) throws SQLException {
        String question = """
                select r.id, r.name, r.table_name, r.definition::text, to_regclass(r.table_name)::oid::bigint, r.table_oid::bigint,
                       (select md5(p.prosrc) from pg_proc p
                        where p.pronamespace = to_regnamespace(?) and p.proname = t.function_name),
                       t.fingerprint,
                       array(select g.tgenabled::text from pg_trigger g
                             where g.tgrelid = to_regclass(r.table_name) and left(g.tgname, length(?)) = ?),
                       array(select a.attname::text from pg_attribute a
                             where a.attrelid = to_regclass(r.table_name) and a.attnum > 0 and not a.attisdropped),
                       array(select a.attname::text from pg_index i
                             join pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
                             where i.indrelid = to_regclass(r.table_name) and i.indisprimary)
                from {schema}.rule r left join {schema}.rule_table t on t.table_name = r.table_name
                """.replace("{schema}", schema);
        try (PreparedStatement statement = connection.prepareStatement(question)) {
            statement.setString(1, schema);
            statement.setString(2, prefix);
            statement.setString(3, prefix);
            Map<Integer, String> ailing = new LinkedHashMap<>();
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String why = why(rows);
                    if (why != null) {
                        ailing.put(rows.getInt(1), why);
                    }
                }
            }
            return ailing;
        }
    }

    private @Nullable String why(ResultSet rows) throws SQLException {
        String table = rows.getString(3);
        long oid = rows.getLong(5);
        if (rows.wasNull()) {
            return "The table " + table
                    + " is gone or has another name. Remove the rule, or define it for the new name.";
        }
        Definition definition = codec.read(rows.getString(4));
        List<String> columns = List.of((String[]) rows.getArray(10).getArray());
        List<String> named = new ArrayList<>(definition.watched());
        named.add(definition.key());
        named.addAll(definition.carried());
        named.removeAll(columns);
        if (!named.isEmpty()) {
            return "The table " + table + " has no column " + String.join(", ", named)
                    + " any more, so that its changes are not noticed. Define the rule without it or with its new name,"
                    + " start, and backfill what was missed.";
        }
        if (((String[]) rows.getArray(11).getArray()).length == 0) {
            return "The table " + table + " has no primary key any more. Add one, and backfill what was missed.";
        }
        List<String> enabled = List.of((String[]) rows.getArray(9).getArray());
        if (enabled.size() < TRIGGERS) {
            return "The table " + table
                    + (oid == rows.getLong(6) ? " lost its triggers" : " was made anew, without triggers")
                    + ". Repair the rule (rules.rule(\"" + rows.getString(2)
                    + "\").repair(), or start its program again), and backfill what was missed.";
        }
        if (!enabled.stream().allMatch("A"::equals)) {
            return "Triggers of the table " + table
                    + " were disabled, so that changes were not noticed. Repair the rule (rules.rule(\""
                    + rows.getString(2)
                    + "\").repair()), and backfill what was missed.";
        }
        String made = rows.getString(8);
        if (made == null || !made.equals(rows.getString(7))) {
            return "The trigger function of the table " + table + " is not the one that was made. Repair the rule"
                    + " (rules.rule(\"" + rows.getString(2) + "\").repair()).";
        }
        return null;
    }
}

package dev.tidemill.rules.capture;

import dev.tidemill.rules.RuleError;
import dev.tidemill.rules.RuleException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A table as the database has it.
 *
 * @param oid what the database knows it by; another one after it was made anew
 * @param name with its schema, quoted
 * @param columns their types, by name, in their order
 * @param primaryKey its columns
 * @param uniqueColumns the columns that are unique alone
 * @param keyTypes the columns whose values have one text each, and so can be keys
 * @param rowsExpected about how many rows it has; 0 if nobody counted
 */
public record TableShape(
        long oid,
        String name,
        Map<String, String> columns,
        List<String> primaryKey,
        List<String> uniqueColumns,
        List<String> keyTypes,
        long rowsExpected) {
    private static final int ARGUMENTS = 40;
    private static final String QUESTION = """
            select c.oid::bigint, format('%I.%I', n.nspname, c.relname), c.relkind::text, c.relpersistence::text,
                   pg_has_role(c.relowner, 'USAGE'), has_table_privilege(c.oid, 'SELECT'), current_user,
                   greatest(c.reltuples, 0)::bigint,
                   array(select a.attname::text from pg_attribute a
                         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum),
                   array(select format_type(a.atttypid, a.atttypmod) from pg_attribute a
                         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped order by a.attnum),
                   array(select a.attname::text from pg_index i
                         cross join unnest(i.indkey::smallint[]) with ordinality k (attnum, place)
                         join pg_attribute a on a.attrelid = c.oid and a.attnum = k.attnum
                         where i.indrelid = c.oid and i.indisprimary order by k.place),
                   array(select a.attname::text from pg_index i
                         join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]
                         where i.indrelid = c.oid and i.indisunique and i.indisvalid and i.indnkeyatts = 1
                           and i.indkey[0] > 0 and i.indpred is null),
                   array(select a.attname::text from pg_attribute a join pg_type t on t.oid = a.atttypid
                         where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                           and (t.typcategory in ('S', 'E')
                                or (t.typcategory = 'N' and coalesce(nullif(t.typbasetype, 0), t.oid)
                                    in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'numeric'::regtype))
                                or coalesce(nullif(t.typbasetype, 0), t.oid) = 'uuid'::regtype))
            from pg_class c join pg_namespace n on n.oid = c.relnamespace
            where c.oid = to_regclass(?)
            """;

    public TableShape {
        columns = Collections.unmodifiableMap(new LinkedHashMap<>(columns));
        primaryKey = List.copyOf(primaryKey);
        uniqueColumns = List.copyOf(uniqueColumns);
        keyTypes = List.copyOf(keyTypes);
    }

    /**
     * Reads a table that rules can be on.
     *
     * @throws RuleException if it is not there, has no primary key, is no table, or is not the role's
     */
    public static TableShape read(Connection connection, String table) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(QUESTION)) {
            statement.setString(1, table);
            try (ResultSet rows = statement.executeQuery()) {
                if (!rows.next()) {
                    throw new RuleException(
                            RuleError.NO_TABLE,
                            "There is no table '" + table
                                    + "'. Name one as SQL does, with its schema unless that is in the search path.");
                }
                return shape(rows, table);
            }
        } catch (SQLException failed) {
            if ("42602".equals(failed.getSQLState()) || "42601".equals(failed.getSQLState())) {
                throw new RuleException(
                        RuleError.NO_TABLE, "'" + table + "' is no name of a table: " + failed.getMessage(), failed);
            }
            throw failed;
        }
    }

    private static TableShape shape(ResultSet rows, String table) throws SQLException {
        String kind = rows.getString(3);
        if (!("r".equals(kind) || "p".equals(kind)) || "t".equals(rows.getString(4))) {
            throw new RuleException(
                    RuleError.NO_TABLE,
                    "'" + table + "' is a view, a foreign or a temporary table; rules need an ordinary one.");
        }
        if (!rows.getBoolean(5) || !rows.getBoolean(6)) {
            throw new RuleException(
                    RuleError.FORBIDDEN,
                    "The role " + rows.getString(7) + " is not the owner of '" + table
                            + "'. Triggers that fire whatever a session says can only be made by the owner: connect as it, or"
                            + " make this role a member of it.");
        }
        List<String> names = strings(rows, 9);
        List<String> types = strings(rows, 10);
        Map<String, String> columns = new LinkedHashMap<>();
        for (int i = 0; i < names.size(); i++) {
            columns.put(names.get(i), types.get(i));
        }
        List<String> primaryKey = strings(rows, 11);
        if (primaryKey.isEmpty()) {
            throw new RuleException(
                    RuleError.NO_TABLE,
                    "The table '" + table
                            + "' has no primary key, so that nothing says which row became which. Add one.");
        }
        return new TableShape(
                rows.getLong(1),
                rows.getString(2),
                columns,
                primaryKey,
                strings(rows, 12),
                strings(rows, 13),
                rows.getLong(8));
    }

    private static List<String> strings(ResultSet rows, int column) throws SQLException {
        return Arrays.stream((Object[]) rows.getArray(column).getArray())
                .map(Object::toString)
                .toList();
    }

    /** Refuses what a definition asks of it and it does not have. */
    public void check(String rule, Definition definition) {
        definition.columns(this).forEach(column -> {
            if (!columns.containsKey(column)) {
                throw new RuleException(
                        RuleError.NO_COLUMN,
                        "The rule '" + rule + "' names the column '" + column + "', which " + name
                                + " does not have; it has " + columns.keySet() + ".");
            }
            if (column.contains("$tidemill") || column.contains("$cut$") || column.contains("{table}")) {
                throw new RuleException(
                        RuleError.NO_COLUMN,
                        "The column '" + column + "' has a name that cannot be part of a trigger; rename it.");
            }
        });
        if (!keyTypes.contains(definition.key())) {
            throw new RuleException(
                    RuleError.NO_COLUMN,
                    "The rule '" + rule + "' has the key '" + definition.key() + "' of type "
                            + columns.get(definition.key())
                            + "; a key is a whole number, a numeric, a text, a uuid or an enum.");
        }
    }

    /** Whether the primary key is this column alone. */
    public boolean isPrimaryKey(String column) {
        return primaryKey.equals(List.of(column));
    }

    /** Whether a value of this column stands for one row. */
    public boolean isUnique(String column) {
        return uniqueColumns.contains(column);
    }

    /** The columns that tell a row, as a JSON array in SQL; null where one of them is. */
    public String rowId() {
        return rowId("");
    }

    /** The same of a table by this alias and dot. */
    public String rowId(String alias) {
        String list = String.join(
                ", ",
                primaryKey.stream()
                        .map(column -> alias + Identifiers.quoted(column))
                        .toList());
        return "case when " + alias + Identifiers.quoted(primaryKey.getFirst())
                + " is null then null else jsonb_build_array(" + list + ") end";
    }

    /** What is kept of a row, as a JSON object in SQL. */
    public String document(Definition definition, String alias) {
        return parts(
                "jsonb_build_object",
                definition.columns(this).stream()
                        .map(column -> Identifiers.literal(column) + ", " + alias + Identifiers.quoted(column))
                        .toList());
    }

    /** Values of a row, as a JSON array in SQL. */
    String values(List<String> names) {
        return parts(
                "jsonb_build_array", names.stream().map(Identifiers::quoted).toList());
    }

    /** Together: a function takes a hundred arguments at most. */
    private static String parts(String function, List<String> arguments) {
        List<String> calls = new ArrayList<>();
        for (int from = 0; from < arguments.size(); from += ARGUMENTS) {
            calls.add(function + "("
                    + String.join(", ", arguments.subList(from, Math.min(from + ARGUMENTS, arguments.size()))) + ")");
        }
        return calls.size() == 1 ? calls.getFirst() : "(" + String.join(" || ", calls) + ")";
    }
}

package dev.tidemill.rules.capture;

import static dev.tidemill.rules.capture.Identifiers.quoted;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes the trigger function of a table, for all of the table's rules.
 *
 * <p>Most statements change one row. For those the function reads the row into variables, compares, and inserts what a rule
 * has to know: no join, no plan with more than a scan, and nothing written where nothing watched changed. A statement that
 * changed more is noticed by one INSERT .. SELECT for each rule.
 *
 * <p>It must never make the application's statement fail. So columns are not named where they could be missing: in
 * {@code from new_rows t, (select null::text as "status") d, lateral (select to_jsonb("status") from (select t.*) s) x} the
 * name stands for the table's column while there is one, and for the null of {@code d} once it was dropped or renamed.
 * Variables are text and jsonb only, whatever type the columns are of and become. Values are compared as JSON, so that no
 * type needs an operator that the fixed search path does not see. What lost: a block with EXCEPTION, which takes a
 * transaction number a statement and slows every session down once a transaction has more than 64; a look into the catalog
 * before each statement; {@code to_jsonb} of the whole row, which reads every large value.
 *
 * <p>Where there are several, old and new rows meet by primary key in a FULL JOIN, which PostgreSQL hashes or merges whatever
 * numbers its plan was made for; a nested loop that was planned for one row would be the end of a bulk update.
 */
final class CaptureText {
    private static final String TAG = "$tidemill$";

    private final String schema;
    private final String setting;
    private final TableShape table;
    private final List<Watcher> watchers;
    private final int beyond;

    /** A rule on the table, by number. */
    record Watcher(int rule, Definition definition) {
        String key(String side) {
            return side + "key_" + rule;
        }

        String doc(String side) {
            return side + "doc_" + rule;
        }

        boolean watches(Event event) {
            return definition.events().contains(event);
        }
    }

    /**
     * One for a table.
     *
     * @param schema of our tables, quoted
     * @param setting the beginning of the names of the settings by which a reaction is known
     */
    CaptureText(String schema, String setting, TableShape table, List<Watcher> watchers) {
        this.schema = schema;
        this.setting = setting;
        this.table = table;
        this.watchers = watchers;
        this.beyond = watchers.stream()
                .mapToInt(watcher -> watcher.definition().keysOnlyBeyond())
                .min()
                .orElse(0);
    }

    /** The function's body, which is also what an audit compares. A column may have the name of a variable. */
    String body() {
        return """

                #variable_conflict use_column
                declare
                    chain text := nullif(current_setting('%1$schain', true), '');
                    own integer;
                    rows bigint;
                    more boolean;
                %2$s
                begin
                    if chain is not null then
                        own := nullif(current_setting('%1$srule', true), '')::integer;
                    end if;
                    if tg_op = 'INSERT' then
                %3$s
                    elsif tg_op = 'UPDATE' then
                %4$s
                    elsif tg_op = 'DELETE' then
                %5$s
                    elsif has_table_privilege(tg_relid, 'SELECT') then
                %6$s
                    end if;
                    return null;
                end
                """.formatted(
                        setting,
                        variables(),
                        peek("n_", "new_rows", true) + changed("new_rows", this::inserted, this::insertedRows),
                        peek("n_", "new_rows", false)
                                + peek("o_", "old_rows", true)
                                + changed("old_rows", this::updated, this::updatedRows),
                        peek("o_", "old_rows", true) + changed("old_rows", this::deleted, this::deletedRows),
                        emptied());
    }

    /** Statements that make the function. */
    String create(String function) {
        return "create or replace function " + schema + "." + quoted(function)
                + "() returns trigger language plpgsql security definer"
                + " set search_path = pg_catalog, pg_temp set timezone = 'UTC' as " + TAG + body() + TAG;
    }

    /** What rules need of a row, by the names of the variables that hold it. */
    private Map<String, String> parts() {
        Map<String, String> parts = new LinkedHashMap<>();
        if (!watchers.stream().allMatch(this::isRow)) {
            parts.put("id", table.rowId());
        }
        for (Watcher watcher : watchers) {
            Definition definition = watcher.definition();
            parts.put(watcher.key(""), quoted(definition.key()) + "::text");
            parts.put(watcher.doc(""), table.document(definition, ""));
            if (comparesApart(definition)) {
                parts.put("watch_" + watcher.rule(), table.values(definition.watchedIn(table)));
            }
        }
        return parts;
    }

    /** What tells a row apart from others. */
    private String id(Watcher watcher, String side) {
        return isRow(watcher) ? watcher.key(side) : side + "id";
    }

    private String variables() {
        StringBuilder lines = new StringBuilder();
        parts().forEach((name, value) -> {
            String type = value.endsWith("::text") ? " text;\n" : " jsonb;\n";
            lines.append("o_")
                    .append(name)
                    .append(type)
                    .append("n_")
                    .append(name)
                    .append(type);
        });
        return lines.toString();
    }

    /** The rows of a transition table, or of the table itself, each as its parts. */
    private String side(String source) {
        Set<String> names = new LinkedHashSet<>(table.primaryKey());
        watchers.forEach(watcher -> names.addAll(watcher.definition().columns(table)));
        String missing = String.join(
                ", ",
                names.stream().map(name -> "null::text as " + quoted(name)).toList());
        List<String> parts = new ArrayList<>();
        parts().forEach((name, value) -> parts.add(value + " as " + name));
        return source + " t cross join (select " + missing + ") d cross join lateral (select "
                + String.join(", ", parts) + " from (select t.*) s) x";
    }

    /** Reads the first row into variables, and with the last of the statement's tables whether there are more. */
    private String peek(String prefix, String source, boolean last) {
        List<String> names = List.copyOf(parts().keySet());
        return "select x." + String.join(", x.", names)
                + (last ? ", exists (select from " + source + " offset 1)" : "") + "\n into " + prefix
                + String.join(", " + prefix, names) + (last ? ", more" : "") + "\n from " + side(source) + ";\n";
    }

    /** What to do with one row, with several, and with so many that only keys are kept. */
    private String changed(String source, Function<Watcher, String> one, Function<Watcher, String> rows) {
        String all = each(watcher -> foreign(watcher, all(watcher, rows, false)));
        String keys = each(watcher -> foreign(watcher, all(watcher, rows, true)));
        return "if not more then\n" + (beyond > 0 ? each(one) : keys) + "\nelsif more then\n"
                + "select count(*) into rows from (select from " + source + " limit " + (beyond + 1L) + ") b;\n"
                + "if rows <= " + beyond + " then\n" + all + "\nelse\n" + keys + "\nend if;\nend if;";
    }

    private String each(Function<Watcher, String> text) {
        return String.join("\n", watchers.stream().map(text).toList());
    }

    /** What a rule writes itself is no news to it, unless it said so. */
    private static String foreign(Watcher watcher, String text) {
        if (text.isEmpty() || watcher.definition().ownWrites()) {
            return text;
        }
        return "if own is distinct from " + watcher.rule() + " then\n" + text + "\nend if;";
    }

    private String inserted(Watcher watcher) {
        return watcher.watches(Event.INSERT)
                ? foreign(watcher, one(watcher, 'i', "n_", id(watcher, "n_") + " is not null"))
                : "";
    }

    private String deleted(Watcher watcher) {
        return watcher.watches(Event.DELETE)
                ? foreign(watcher, one(watcher, 'd', "o_", id(watcher, "o_") + " is not null"))
                : "";
    }

    /** A row whose key changed leaves one key and comes to another. */
    private String updated(Watcher watcher) {
        String same = watcher.watches(Event.UPDATE)
                ? one(watcher, 'u', "n_", what(watcher, "o_") + " is distinct from " + what(watcher, "n_"))
                : "";
        String left = watcher.watches(Event.DELETE) ? one(watcher, 'd', "o_", id(watcher, "o_") + " is not null") : "";
        String came = watcher.watches(Event.INSERT) ? one(watcher, 'i', "n_", id(watcher, "n_") + " is not null") : "";
        return foreign(
                watcher,
                "if " + id(watcher, "o_") + " = " + id(watcher, "n_") + " and " + watcher.key("o_")
                        + " is not distinct from " + watcher.key("n_") + " then\n" + same + "\nelse\n" + left + came
                        + "\nend if;");
    }

    /** Notes the one row that changed. */
    private String one(Watcher watcher, char op, String side, String hit) {
        String old = op == 'i' ? "null::jsonb" : watcher.doc("o_");
        String now = op == 'd' ? "null::jsonb" : watcher.doc("n_");
        return "if " + watcher.key(side) + " is not null and " + hit + asked(watcher, old, now) + " then\n"
                + into() + " values (" + watcher.rule() + ", '" + op + "'::\"char\", " + watcher.key(side) + ", "
                + (isRow(watcher) ? "null" : side + "id") + ", " + old + ", " + now + ", chain);\nend if;\n";
    }

    private String into() {
        return "insert into " + schema + ".rule_change (rule, op, key, row_id, old, new, origin)";
    }

    /** Whether a key stands for one row, which then needs no other name. */
    private boolean isRow(Watcher watcher) {
        return table.isPrimaryKey(watcher.definition().key());
    }

    private String asked(Watcher watcher, String old, String now) {
        return watcher.definition().whenSql() == null
                ? ""
                : " and " + conditionOf(schema, watcher.rule()) + "(" + old + ", " + now + ")";
    }

    /** The function that a rule's condition is in. */
    static String conditionOf(String schema, int rule) {
        return schema + ".rule_when_" + rule;
    }

    /** Of a row, what must differ for a change. */
    private String what(Watcher watcher, String side) {
        return comparesApart(watcher.definition()) ? side + "watch_" + watcher.rule() : watcher.doc(side);
    }

    /** Whether what is kept of a row can change where nothing that is watched does. */
    private boolean comparesApart(Definition definition) {
        List<String> watched = definition.watchedIn(table);
        return definition.carried().stream()
                .anyMatch(column ->
                        !watched.contains(column) && !column.equals(definition.key()) && !table.isPrimaryKey(column));
    }

    /** Notes all rows that changed, or the keys of them. */
    private String all(Watcher watcher, Function<Watcher, String> rows, boolean keysOnly) {
        String from = rows.apply(watcher);
        if (from.isEmpty()) {
            return "";
        }
        return into() + " select " + watcher.rule() + ", "
                + (keysOnly
                        ? "'k'::\"char\", r.key, null, null, null, "
                        : "r.op, r.key, " + (isRow(watcher) ? "null, " : "r.id, ") + "r.old, r.new, ")
                + "chain\n from (" + from + ") r\n where r.key is not null" + asked(watcher, "r.old", "r.new")
                + (keysOnly ? " group by r.key" : "") + ";";
    }

    private String insertedRows(Watcher watcher) {
        return watcher.watches(Event.INSERT)
                ? "select 'i'::\"char\" as op, " + watcher.key("x.") + " as key, " + id(watcher, "x.")
                        + " as id, null::jsonb as old, " + watcher.doc("x.") + " as new from " + side("new_rows")
                        + " where " + id(watcher, "x.") + " is not null"
                : "";
    }

    private String deletedRows(Watcher watcher) {
        return deletedRows(watcher, "old_rows");
    }

    private String deletedRows(Watcher watcher, String source) {
        return watcher.watches(Event.DELETE)
                ? "select 'd'::\"char\" as op, " + watcher.key("x.") + " as key, " + id(watcher, "x.") + " as id, "
                        + watcher.doc("x.") + " as old, null::jsonb as new from " + side(source) + " where "
                        + id(watcher, "x.") + " is not null"
                : "";
    }

    private String updatedRows(Watcher watcher) {
        String ok = watcher.key("o.");
        String nk = watcher.key("n.");
        List<String> moved = new ArrayList<>();
        if (watcher.watches(Event.DELETE)) {
            moved.add("d");
        }
        if (watcher.watches(Event.INSERT)) {
            moved.add("i");
        }
        String oid = id(watcher, "o.");
        String nid = id(watcher, "n.");
        String same = oid + " = " + nid + " and " + ok + " is not distinct from " + nk;
        return "select j.op, case when j.op = 'd' then j.ok else j.nk end as key,"
                + " case when j.op = 'd' then j.oid else j.nid end as id,"
                + " case when j.op <> 'i' then j.old end as old, case when j.op <> 'd' then j.new end as new\n from ("
                + "select " + oid + " as oid, " + nid + " as nid, " + ok + " as ok, " + nk + " as nk, "
                + watcher.doc("o.")
                + " as old, " + watcher.doc("n.") + " as new, unnest(case when " + same + " then '{"
                + (watcher.watches(Event.UPDATE) ? "u" : "") + "}' else '{" + String.join(",", moved)
                + "}' end::\"char\"[]) as op\n from (select x.* from " + side("old_rows")
                + ") o\n full join (select x.* from " + side("new_rows") + ") n on " + oid + " = " + nid + "\n where "
                + ok + " is distinct from " + nk + " or " + what(watcher, "o.") + " is distinct from "
                + what(watcher, "n.") + ") j\n where case when j.op = 'd' then j.oid else j.nid end is not null";
    }

    /** Before a TRUNCATE, which leaves no transition table: what is in the table is read. */
    private String emptied() {
        String count = "select count(*) from (select from {table} limit " + (beyond + 1L) + ") b";
        return cut(count, " into rows")
                + each(watcher -> {
                    Function<Watcher, String> rows = of -> deletedRows(of, "{table}");
                    String full = all(watcher, rows, false);
                    if (full.isEmpty()) {
                        return "";
                    }
                    return foreign(
                            watcher,
                            "if rows <= " + beyond + " then\n" + cut(chained(full), " using chain") + "\nelse\n"
                                    + cut(chained(all(watcher, rows, true)), " using chain") + "\nend if;");
                });
    }

    /** A statement as text does not see variables. */
    private static String chained(String statement) {
        return statement.replace("chain\n from", "$1\n from").replaceFirst(";$", "");
    }

    private static String cut(String statement, String rest) {
        return "execute replace($cut$" + statement + "$cut$, '{table}', tg_relid::regclass::text)" + rest + ";\n";
    }

    /**
     * Makes the function that a rule's own condition is in, or null if it has none. It is apart, because a condition may
     * divide by zero: then the change is noticed, and nothing fails. It writes nothing, so its block with EXCEPTION takes
     * no transaction number.
     */
    @Nullable
    String createCondition(Watcher watcher) {
        String condition = watcher.definition().whenSql();
        if (condition == null) {
            return null;
        }
        return "create or replace function " + conditionOf(schema, watcher.rule())
                + "(o jsonb, n jsonb) returns boolean language plpgsql set search_path from current as " + TAG
                + """

                declare
                    hit boolean;
                begin
                    %s into hit;
                    return coalesce(hit, false);
                exception when others then
                    return true;
                end
                """.formatted(condition(watcher.definition(), "o", "n")) + TAG;
    }

    /** A query that only shows whether a condition makes sense. */
    String tryCondition(Definition definition) {
        return condition(definition, "null::jsonb", "null::jsonb") + " limit 0";
    }

    private String condition(Definition definition, String o, String n) {
        String shape = String.join(
                ", ",
                definition.columns(table).stream()
                        .map(column -> quoted(column) + " " + table.columns().get(column))
                        .toList());
        return "select (" + definition.whenSql() + ") from jsonb_to_record(coalesce(" + o + ", '{}')) as old(" + shape
                + "), jsonb_to_record(coalesce(" + n + ", '{}')) as new(" + shape + ")";
    }
}

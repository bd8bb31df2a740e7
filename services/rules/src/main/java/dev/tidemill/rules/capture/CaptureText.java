package dev.tidemill.rules.capture;

import static dev.tidemill.rules.capture.Identifiers.quoted;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Writes the trigger function of a table: one INSERT .. SELECT a statement, for all of the table's rules.
 *
 * <p>It must never make the application's statement fail. So columns are not named where they could be missing: in
 * {@code from new_rows t, (select null::text as "status") d, lateral (select to_jsonb("status") from (select t.*) s) x} the
 * name stands for the table's column while there is one, and for the null of {@code d} once it was dropped or renamed.
 * Values are compared as JSON, so that no type needs an operator that the fixed search path does not see. What lost: a block
 * with EXCEPTION, which takes a transaction number a statement and slows every session down once a transaction has more
 * than 64; a look into the catalog before each statement; {@code to_jsonb} of the whole row, which reads every large value.
 *
 * <p>Old and new rows meet by primary key in a FULL JOIN, which PostgreSQL hashes or merges whatever numbers its plan was
 * made for; a nested loop that was planned for one row would be the end of a bulk update.
 */
final class CaptureText {
    private static final String TAG = "$tidemill$";

    private final String schema;
    private final String setting;
    private final TableShape table;
    private final List<Watcher> watchers;
    private final int beyond;

    /** A rule on the table, by number. */
    record Watcher(int rule, Definition definition) {}

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

    /** The function's body, which is also what an audit compares. */
    String body() {
        return """

                begin
                    if tg_op = 'INSERT' then
                %s
                    elsif tg_op = 'UPDATE' then
                %s
                    elsif tg_op = 'DELETE' then
                %s
                    elsif has_table_privilege(tg_relid, 'SELECT') then
                        execute replace($cut$ %s $cut$, '{table}', tg_relid::regclass::text);
                        execute replace($cut$ %s $cut$, '{table}', tg_relid::regclass::text);
                    end if;
                    return null;
                end
                """.formatted(
                        both(side("new_rows") + " n", "new_rows", this::inserted),
                        both(
                                side("old_rows") + " o full join " + side("new_rows") + " n on o.row_id = n.row_id",
                                "new_rows",
                                this::updated),
                        both(side("old_rows") + " o", "old_rows", this::deleted),
                        insert(side("{table}") + " o", "{table}", this::deleted, false),
                        insert(side("{table}") + " o", "{table}", this::deleted, true));
    }

    /** Statements that make the function. */
    String create(String function) {
        return "create or replace function " + schema + "." + quoted(function)
                + "() returns trigger language plpgsql security definer"
                + " set search_path = pg_catalog, pg_temp set timezone = 'UTC' as " + TAG + body() + TAG;
    }

    private String both(String from, String counted, Function<Watcher, List<String>> values) {
        return insert(from, counted, values, false) + ";\n        if not found then\n"
                + insert(from, counted, values, true) + ";\n        end if;";
    }

    /** The columns that rules need of the rows of a transition table. */
    private String side(String source) {
        Set<String> names = new LinkedHashSet<>(table.primaryKey());
        List<String> parts = new ArrayList<>();
        parts.add(table.rowId() + " as row_id");
        for (Watcher watcher : watchers) {
            Definition definition = watcher.definition();
            names.addAll(definition.columns(table));
            parts.add(quoted(definition.key()) + "::text as key_" + watcher.rule());
            parts.add(table.document(definition, "") + " as doc_" + watcher.rule());
            if (comparesApart(definition)) {
                parts.add(table.values(definition.watchedIn(table)) + " as watch_" + watcher.rule());
            }
        }
        String missing = String.join(
                ", ",
                names.stream().map(name -> "null::text as " + quoted(name)).toList());
        return "(select x.* from " + source + " t cross join (select " + missing + ") d cross join lateral (select "
                + String.join(", ", parts) + " from (select t.*) s) x)";
    }

    /** Whether what is kept of a row can change where nothing that is watched does. */
    private boolean comparesApart(Definition definition) {
        List<String> watched = definition.watchedIn(table);
        return definition.carried().stream()
                .anyMatch(column ->
                        !watched.contains(column) && !column.equals(definition.key()) && !table.isPrimaryKey(column));
    }

    private String insert(String from, String counted, Function<Watcher, List<String>> values, boolean keysOnly) {
        List<String> lines = new ArrayList<>();
        watchers.forEach(watcher -> lines.addAll(values.apply(watcher)));
        if (lines.isEmpty()) {
            return counted.equals("{table}") ? "select 1" : "perform 1";
        }
        boolean anyOwn =
                watchers.stream().anyMatch(watcher -> watcher.definition().ownWrites());
        String count = "(select count(*) from (select from " + counted + " limit " + (beyond + 1L) + ") b)";
        return "insert into " + schema
                + ".rule_change (rule, op, key, row_id, old, new, origin)\n        select r.rule, "
                + (keysOnly ? "'k', r.key, null, null, null, " : "r.op, r.key, r.row_id, r.old, r.new, ")
                + "(select nullif(current_setting('" + setting + "chain', true), ''))\n        from " + from
                + "\n        cross join lateral (values\n            " + String.join(",\n            ", lines)
                + ") r (rule, op, key, row_id, old, new, own, hit)\n        where " + count
                + (keysOnly ? " > " : " <= ")
                + beyond
                + "\n          and r.key is not null and r.hit\n          and ("
                + (anyOwn ? "r.own or " : "")
                + "r.rule is distinct from (select nullif(current_setting('" + setting + "rule', true), '')::integer))"
                + (keysOnly ? "\n        group by r.rule, r.key" : "");
    }

    private List<String> inserted(Watcher watcher) {
        return watches(watcher, Event.INSERT)
                ? List.of(line(watcher, 'i', "n", null, doc("n", watcher), "n.row_id is not null"))
                : List.of();
    }

    private List<String> deleted(Watcher watcher) {
        return watches(watcher, Event.DELETE)
                ? List.of(line(watcher, 'd', "o", doc("o", watcher), null, "o.row_id is not null"))
                : List.of();
    }

    /** A row whose key changed leaves one key and comes to another. */
    private List<String> updated(Watcher watcher) {
        List<String> lines = new ArrayList<>();
        String key = "key_" + watcher.rule();
        String moved = "o." + key + " is distinct from n." + key + " and coalesce(o.row_id, n.row_id) is not null";
        if (watches(watcher, Event.UPDATE)) {
            String what = (comparesApart(watcher.definition()) ? "watch_" : "doc_") + watcher.rule();
            lines.add(line(
                    watcher,
                    'u',
                    "n",
                    doc("o", watcher),
                    doc("n", watcher),
                    "o." + key + " = n." + key + " and o." + what + " is distinct from n." + what));
        }
        if (watches(watcher, Event.DELETE)) {
            lines.add(line(watcher, 'd', "o", doc("o", watcher), null, moved));
        }
        if (watches(watcher, Event.INSERT)) {
            lines.add(line(watcher, 'i', "n", null, doc("n", watcher), moved));
        }
        return lines;
    }

    private static boolean watches(Watcher watcher, Event event) {
        return watcher.definition().events().contains(event);
    }

    private static String doc(String side, Watcher watcher) {
        return side + ".doc_" + watcher.rule();
    }

    private String line(Watcher watcher, char op, String side, @Nullable String old, @Nullable String now, String hit) {
        String before = old == null ? "null::jsonb" : old;
        String after = now == null ? "null::jsonb" : now;
        String condition = watcher.definition().whenSql() == null
                ? hit
                : "case when " + hit + " then " + schema + ".rule_when_" + watcher.rule() + "(" + before + ", " + after
                        + ") else false end";
        return "(" + watcher.rule() + ", '" + op + "'::\"char\", " + side + ".key_" + watcher.rule() + ", "
                + (table.isPrimaryKey(watcher.definition().key()) ? "null::jsonb" : side + ".row_id") + ", " + before
                + ", "
                + after + ", " + watcher.definition().ownWrites() + ", " + condition + ")";
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
        return "create or replace function " + schema + ".rule_when_" + watcher.rule()
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

package dev.tidemill.rules.capture;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What of a rule concerns the database. It is stored, so that any process can make the triggers of a table, whose rules may
 * be defined in several programs.
 *
 * @param table as SQL names it, in the search path of our connections
 * @param watched a change of these is noticed; empty for all columns
 * @param key whose values tell what belongs together
 * @param carried columns to be kept besides
 * @param events what is noticed
 * @param whenSql a condition over {@code old} and {@code new}; null for none
 * @param keysOnlyBeyond how many rows a statement may change before only keys are kept
 * @param ownWrites whether what the rule itself writes counts as well
 */
public record Definition(
        String table,
        List<String> watched,
        String key,
        List<String> carried,
        List<Event> events,
        @Nullable String whenSql,
        int keysOnlyBeyond,
        boolean ownWrites) {
    public Definition {
        watched = List.copyOf(watched);
        carried = List.copyOf(carried);
        events = List.copyOf(events);
    }

    /** Whether it is only told of rows that go. */
    public boolean onlyDeletes() {
        return events.equals(List.of(Event.DELETE));
    }

    /** The columns of which is kept how they were and are. */
    public Set<String> columns(TableShape table) {
        Set<String> columns = new LinkedHashSet<>();
        columns.add(key);
        columns.addAll(watchedIn(table));
        columns.addAll(carried);
        return columns;
    }

    /** The columns whose change counts. */
    public List<String> watchedIn(TableShape table) {
        return watched.isEmpty() ? List.copyOf(table.columns().keySet()) : watched;
    }
}

package dev.tidemill.rules;

import java.sql.SQLException;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Takes away what nobody needs any more of what rules keep, some at a time. */
final class Tidying {
    private static final int PAGE = 10_000;
    private static final int MOST_PAGES = 1_000;

    private final Database database;
    private final Supplier<Collection<Installed<?>>> rules;
    private Set<String> idle = Set.of();

    Tidying(Database database, Supplier<Collection<Installed<?>>> rules) {
        this.database = database;
        this.rules = rules;
    }

    /** Counts, two days of which stay. */
    void minutes() throws SQLException {
        database.transaction(connection -> database.update(connection, "forget_minutes"));
    }

    /** Backfills and sweeps, the last hundred of each of which stay. */
    void runs() throws SQLException {
        database.transaction(connection -> database.update(connection, "forget_runs"));
    }

    /** What others wrote for a rule while it was removed. */
    void gone() throws SQLException {
        database.transaction(connection -> database.update(connection, "forget_gone"));
    }

    /** How rows were, for rules that are gone, and for those here that no schedule sweeps any more. */
    void seen() throws SQLException {
        Set<Integer> unwanted = new LinkedHashSet<>(
                database.transaction(connection -> database.list(connection, "seen_of_gone", row -> row.getInt(1))));
        rules.get().stream().filter(rule -> !rule.rule().isSwept()).forEach(rule -> unwanted.add(rule.id()));
        for (int rule : unwanted) {
            int forgotten = PAGE;
            for (int page = 0; page < MOST_PAGES && forgotten == PAGE; page++) {
                forgotten =
                        database.transaction(connection -> database.update(connection, "forget_seen_of", rule, PAGE));
            }
        }
    }

    /**
     * The functions that conditions of removed rules were in; those that were idle at the former turn already. A trigger that
     * had begun when its rule was removed still calls one, and no lock tells of that.
     */
    void conditions() throws SQLException {
        List<String> found = database.transaction(
                connection -> database.list(connection, "idle_conditions", row -> row.getString(1)));
        Set<String> then = idle;
        idle = Set.copyOf(found);
        for (String function : found) {
            if (then.contains(function)) {
                database.transaction(connection -> {
                    Delivery.execute(connection, "drop function if exists " + function);
                    return true;
                });
            }
        }
    }
}

package dev.tidemill.rules.capture;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Sees to it that changes of tables reach {@code rule_change}. Triggers do it now; what reads the write-ahead log would be
 * another of these.
 */
public interface Capture {
    /**
     * Makes what the rules on a table need, and removes what they need no more, in the caller's transaction. Rules are
     * read from the database, whoever defined them.
     *
     * @param table with its schema, quoted
     */
    void fit(Connection connection, String table) throws SQLException;

    /** Refuses a condition that makes no sense on a table. */
    void check(Connection connection, String rule, Definition definition, TableShape table) throws SQLException;

    /**
     * A function in the database that tells whether a rule wants to know of a change, given the row before and after as
     * JSON; null for a rule that has no condition.
     */
    @Nullable
    String condition(int rule, Definition definition);

    /** Why changes may go unnoticed, and what to do, by the number of the rule; empty where all is well. */
    Map<Integer, String> audit(Connection connection) throws SQLException;
}

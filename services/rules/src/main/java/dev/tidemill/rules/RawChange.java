package dev.tidemill.rules;

import java.sql.ResultSet;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/**
 * A change as it was written.
 *
 * @param op i, u, d; c for a row as it is, k for a key alone
 * @param rowId the primary key as a JSON array; null if it is the key, and where only the key is known
 * @param origin the numbers of the rules whose effect it is, one the consequence of the other; null if it is nobody's
 * @param parked 0 no; 1 yes; 2 yes, and a job is at it
 */
record RawChange(
        long id,
        char op,
        String key,
        @Nullable String rowId,
        @Nullable String old,
        @Nullable String now,
        @Nullable String origin,
        long ageMicros,
        int parked) {
    static RawChange read(ResultSet row) throws SQLException {
        return new RawChange(
                row.getLong(1),
                row.getString(2).charAt(0),
                row.getString(3),
                row.getString(4),
                row.getString(5),
                row.getString(6),
                row.getString(7),
                row.getLong(8),
                row.getInt(9));
    }

    /** How many rules in a row led to it. */
    int depth() {
        return origin == null ? 0 : origin.split(">", -1).length;
    }
}

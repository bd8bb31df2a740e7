package dev.tidemill.postgres;

import java.sql.PreparedStatement;
import java.sql.SQLException;

/** Sets a statement's parameters in order; primitive arrays and string arrays become PostgreSQL's. */
final class Parameters {
    private Parameters() {}

    static void set(PreparedStatement statement, Object... values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
    }
}

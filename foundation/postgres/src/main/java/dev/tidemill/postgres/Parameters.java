package dev.tidemill.postgres;

import java.sql.PreparedStatement;
import java.sql.SQLException;
import org.jspecify.annotations.Nullable;

/** Sets a statement's parameters in order; primitive arrays and string arrays become PostgreSQL's. */
final class Parameters {
    private Parameters() {}

    static void set(PreparedStatement statement, @Nullable Object... values) throws SQLException {
        for (int i = 0; i < values.length; i++) {
            statement.setObject(i + 1, values[i]);
        }
    }
}

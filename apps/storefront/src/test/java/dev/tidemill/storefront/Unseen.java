package dev.tidemill.storefront;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import javax.sql.DataSource;

/** Writes that no trigger sees, as a restore or a careless administrator makes them. */
final class Unseen {
    private static final String EVERY_TRIGGER = """
            DO $$
            DECLARE t record;
            BEGIN
                FOR t IN SELECT tgrelid::regclass AS relation, tgname FROM pg_trigger
                          WHERE NOT tgisinternal AND tgrelid IN (
                                SELECT oid FROM pg_class WHERE relnamespace = 'shop'::regnamespace)
                LOOP
                    EXECUTE format('ALTER TABLE %%s %s TRIGGER %%I', t.relation, t.tgname);
                END LOOP;
            END
            $$""";

    private Unseen() {}

    /** Runs the statements in a transaction in which the triggers of the shop's tables are off; they are on again after it. */
    static void write(DataSource dataSource, String... statements) throws SQLException {
        try (Connection connection = dataSource.getConnection();
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute(EVERY_TRIGGER.formatted("DISABLE"));
            for (String sql : statements) {
                statement.execute(sql);
            }
            statement.execute(EVERY_TRIGGER.formatted("ENABLE ALWAYS"));
            connection.commit();
        }
    }
}

package dev.tidemill.storefront.processes;

import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Run;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * When a process gives way. It waits for a row that somebody else has locked for less than the second after which the
 * server looks for deadlocks: so it is always the process that is tried again, and never the application's own transaction
 * that fails.
 */
final class Patience {
    private Patience() {}

    /** Between two pages: a node that stops, or that others hold for dead, leaves the rest to the next attempt. */
    static void stopIfAbandoned(Run run) {
        if (run.abandoned()) {
            throw Retry.after(Duration.ofSeconds(1), "stopped between two pages")
                    .notCounted();
        }
    }

    /** For the rest of this transaction. */
    static void limit(Connection connection) throws SQLException {
        Sql.on(connection, "SELECT set_config('lock_timeout', '500ms', true)").list(row -> row.getString(1));
    }
}

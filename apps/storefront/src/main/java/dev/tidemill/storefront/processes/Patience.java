package dev.tidemill.storefront.processes;

import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Run;
import dev.tidemill.storefront.shop.Sql;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;

/**
 * When a process gives way. It waits for rows that somebody else has locked for less than the second after which the server
 * looks for deadlocks: so it is the process that is tried again, and not the application's own transaction that fails. What
 * counts is how long it keeps what it has locked while it waits: a transaction may be about many customers, and all its
 * waiting has half a second together. Only one statement that meets several held rows may take longer.
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

    /** For the rest of this transaction: each wait ends after what is left now of half a second since it began. */
    static void limit(Connection connection) throws SQLException {
        Sql.on(connection, """
                        SELECT set_config('lock_timeout', greatest(1,
                               500 - extract(epoch FROM clock_timestamp() - now()) * 1000)::integer::text, true)""").list(row -> row.getString(1));
    }
}

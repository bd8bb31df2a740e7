package dev.tidemill.cli.access;

import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.server.access.Accounts;
import dev.tidemill.server.tables.ServerTables;
import java.sql.SQLException;

/** The server's users and keys, while a command asks. */
final class AccessTables implements AutoCloseable {
    private final Connected connected;
    private final Accounts accounts;

    private AccessTables(Connected connected) {
        this.connected = connected;
        this.accounts = new Accounts(connected.source(), connected.schema());
    }

    /** Refuses tables that are not as this program needs them. */
    static AccessTables open(DatabaseOptions database, Output output) throws SQLException {
        Connected connected = database.open(output);
        try {
            new ServerTables(connected.source(), connected.schema())
                    .migrations()
                    .check();
            return new AccessTables(connected);
        } catch (SQLException | RuntimeException refused) {
            connected.close();
            throw refused;
        }
    }

    Accounts accounts() {
        return accounts;
    }

    @Override
    public void close() {
        connected.close();
    }
}

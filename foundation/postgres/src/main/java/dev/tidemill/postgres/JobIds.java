package dev.tidemill.postgres;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/** Numbers for jobs, out of blocks that the database hands out. Thread safe. */
final class JobIds {
    private final IdBlocks blocks = new IdBlocks();
    private final Session session;
    private final Statements statements;

    JobIds(Session session, Statements statements) {
        this.session = session;
        this.statements = statements;
    }

    /** So many, in a list that may be changed. */
    List<Long> take(int count) {
        while (true) {
            int wanted = blocks.blocksFor(count);
            long[] fresh = wanted == 0 ? new long[0] : session.call(connection -> takeBlocks(connection, wanted));
            long[] ids = blocks.take(count, fresh);
            if (ids.length == count) {
                return Arrays.stream(ids).boxed().collect(Collectors.toCollection(ArrayList::new));
            }
        }
    }

    private long[] takeBlocks(Connection connection, int count) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("take_blocks"))) {
            statement.setInt(1, count);
            try (ResultSet rows = statement.executeQuery()) {
                long[] taken = new long[count];
                for (int i = 0; rows.next(); i++) {
                    taken[i] = rows.getLong(1);
                }
                return taken;
            }
        }
    }

    /** Forgets what is in stock: it has become void. */
    void forget() {
        blocks.forget();
    }
}

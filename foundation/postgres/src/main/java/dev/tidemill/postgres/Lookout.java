package dev.tidemill.postgres;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at lanes from their beginning while claims go on from where they are: where an old snapshot keeps vacuum from
 * removing millions of dead entries, walking over them takes seconds. As long as nothing is known of that, the look is
 * taken on the claims' own connection and given 50 ms; after that, on one that is borrowed for the look.
 * For the claiming thread alone.
 */
final class Lookout {
    private static final Logger LOG = LoggerFactory.getLogger(Lookout.class);
    private static final Duration ANSWER_WITHIN = Duration.ofMinutes(2);
    private static final Duration WORTH_WAITING = Duration.ofMillis(50);

    private final DataSource dataSource;
    private final Session claiming;
    private final Statements statements;
    private final NameIds queues;
    private volatile boolean dear;

    Lookout(DataSource dataSource, Session claiming, Statements statements, NameIds queues) {
        this.dataSource = dataSource;
        this.claiming = claiming;
        this.statements = statements;
        this.queues = queues;
    }

    /** Looks for jobs of these kinds if that is due. */
    void lookIfDue(Lanes lanes, int[] queueIds, int[] kinds) {
        if (!lanes.asideDue()) {
            return;
        }
        if (!dear) {
            long start = System.nanoTime();
            try {
                lanes.looked(
                        claiming.transaction(connection -> firstInTime(connection, queueIds, kinds)),
                        System.nanoTime() - start);
                return;
            } catch (StoreException failed) {
                if (failed.connection()) {
                    lanes.lookFailed();
                    throw failed;
                }
                LOG.debug("A look from the beginning takes long; it is taken aside.", failed);
                dear = true;
            }
        }
        Thread.ofVirtual().name("tidemill-look").start(() -> look(lanes, queueIds.clone(), kinds.clone()));
    }

    private List<Hint> firstInTime(Connection connection, int[] queueIds, int[] kinds) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set local statement_timeout = " + WORTH_WAITING.toMillis());
        }
        return first(connection, queueIds, kinds);
    }

    private void look(Lanes lanes, int[] queueIds, int[] kinds) {
        long start = System.nanoTime();
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            List<Hint> first = session.call(connection -> first(connection, queueIds, kinds));
            long took = System.nanoTime() - start;
            dear = took > WORTH_WAITING.toNanos() / 2;
            lanes.looked(first, took);
        } catch (StoreException failed) {
            LOG.debug("A look from the beginning failed; the next one comes soon.", failed);
            lanes.lookFailed();
        }
    }

    private List<Hint> first(Connection connection, int[] queueIds, int[] kinds) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("look"))) {
            Parameters.set(statement, queueIds, kinds);
            try (ResultSet rows = statement.executeQuery()) {
                List<Hint> first = new ArrayList<>();
                while (rows.next()) {
                    first.add(
                            new Hint(queues.name(rows.getInt(1)), Priority.ofCode(rows.getInt(2)), rows.getLong(3), 0));
                }
                return first;
            }
        }
    }
}

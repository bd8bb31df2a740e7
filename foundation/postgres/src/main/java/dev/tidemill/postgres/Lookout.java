package dev.tidemill.postgres;

import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at lanes from their beginning while claims go on from where they are: where an old snapshot keeps vacuum from
 * removing millions of dead entries, walking over them takes seconds. On a connection of its own, borrowed for the look.
 */
final class Lookout {
    private static final Logger LOG = LoggerFactory.getLogger(Lookout.class);
    private static final Duration ANSWER_WITHIN = Duration.ofMinutes(2);
    /** A claim waits that long for a look, since mostly it takes a millisecond and then the claim knows all. */
    private static final Duration WORTH_WAITING = Duration.ofMillis(250);

    private final DataSource dataSource;
    private final Statements statements;
    private final NameIds queues;
    private volatile boolean dear;

    Lookout(DataSource dataSource, Statements statements, NameIds queues) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.queues = queues;
    }

    /** Looks for jobs of these kinds if that is due, and waits for it unless the last look took long. */
    void lookIfDue(Lanes lanes, int[] queueIds, int[] kinds) {
        if (!lanes.asideDue()) {
            return;
        }
        Thread look =
                Thread.ofVirtual().name("tidemill-look").start(() -> look(lanes, queueIds.clone(), kinds.clone()));
        if (dear) {
            return;
        }
        try {
            if (!look.join(WORTH_WAITING)) {
                dear = true;
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }

    private void look(Lanes lanes, int[] queueIds, int[] kinds) {
        long start = System.nanoTime();
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            List<Hint> first = session.call(connection -> first(connection, queueIds, kinds));
            long took = System.nanoTime() - start;
            dear = took > WORTH_WAITING.toNanos() / 5;
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

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
import java.util.Set;
import javax.sql.DataSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks at lanes from their beginning while claims go on from where they are: where an old snapshot keeps vacuum from
 * removing millions of dead entries, walking over them takes seconds. As long as nothing is known of that, the look is
 * taken on the claims' own connection and given 50 ms, the first one at a queue half a second; after that, on one that is borrowed
 * for the look. For the claiming thread alone.
 */
final class Lookout {
    private static final Logger LOG = LoggerFactory.getLogger(Lookout.class);
    private static final Duration ANSWER_WITHIN = Duration.ofMinutes(2);
    private static final Duration WORTH_WAITING = Duration.ofMillis(50);
    /** Until the first look at a queue has answered, what waited there before this process came may not be seen. */
    private static final Duration WORTH_WAITING_AT_FIRST = Duration.ofMillis(500);

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

    /** Looks for jobs of these kinds in these queues if that is due. */
    void lookIfDue(Lanes lanes, Set<String> names, int[] kinds) {
        if (!lanes.asideDue(names)) {
            return;
        }
        int[] queueIds = names.stream().mapToInt(queues::id).toArray();
        if (!dear) {
            long start = System.nanoTime();
            Duration within = lanes.unseen(names) ? WORTH_WAITING_AT_FIRST : WORTH_WAITING;
            try {
                lanes.looked(
                        names,
                        claiming.transaction(connection -> firstInTime(connection, within, queueIds, kinds)),
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
        lanes.startLater(names);
        Thread.ofVirtual().name("tidemill-look").start(() -> look(lanes, names, queueIds, kinds.clone()));
    }

    private List<Hint> firstInTime(Connection connection, Duration within, int[] queueIds, int[] kinds)
            throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("set local statement_timeout = " + within.toMillis());
        }
        return first(connection, queueIds, kinds);
    }

    private void look(Lanes lanes, Set<String> names, int[] queueIds, int[] kinds) {
        long start = System.nanoTime();
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            List<Hint> first = session.call(connection -> first(connection, queueIds, kinds));
            long took = System.nanoTime() - start;
            dear = took > WORTH_WAITING.toNanos() / 2;
            lanes.looked(names, first, took);
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

package dev.tidemill.postgres;

import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.Optional;
import java.util.function.BiFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Claims the one job that probes an open breaker. The probe is reserved first, so that of all nodes one claims; then the
 * job is claimed and named. Whoever dies in between leaves a reservation that ends after five seconds, or a probe that
 * ends with its epoch. For the claiming thread.
 */
final class Probes {
    private static final Logger LOG = LoggerFactory.getLogger(Probes.class);

    private final Session session;
    private final Statements statements;
    private final long epoch;
    private final int slot;

    Probes(Session session, Statements statements, long epoch, int slot) {
        this.session = session;
        this.statements = statements;
        this.epoch = epoch;
        this.slot = slot;
    }

    /** A job of one of these kinds that wait behind breakers, if it is time and nobody else is at it. */
    Optional<ClaimedJob> claim(
            int[] kinds, List<Demand> demands, BiFunction<Demand, int[], List<ClaimedJob>> claimOne) {
        if (demands.isEmpty()) {
            return Optional.empty();
        }
        int[] reserved = reserve(kinds);
        if (reserved.length == 0) {
            return Optional.empty();
        }
        try {
            for (Demand demand : demands) {
                List<ClaimedJob> claimed = claimOne.apply(demand, reserved);
                if (!claimed.isEmpty()) {
                    return begun(claimed.getFirst());
                }
            }
        } catch (Claimer.ControlChangedException changed) {
            LOG.debug("The rules changed while a probe was to be claimed; it is left.", changed);
        }
        session.call(connection -> one(connection, "drop_probe", epoch, slot).isPresent());
        return Optional.empty();
    }

    private int[] reserve(int[] kinds) {
        return session.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("reserve_probe"))) {
                Parameters.set(statement, epoch, slot, kinds);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    Integer[] reserved = (Integer[]) rows.getArray(1).getArray();
                    int[] ids = new int[reserved.length];
                    for (int i = 0; i < ids.length; i++) {
                        ids[i] = reserved[i];
                    }
                    return ids;
                }
            }
        });
    }

    /** One whose reservation was lost stays in a lease that nobody knows of, and is returned with it. */
    private Optional<ClaimedJob> begun(ClaimedJob job) {
        boolean ours = session.call(connection -> one(connection, "begin_probe", epoch, slot, job.lease(), job.id())
                .filter(Boolean.TRUE::equals)
                .isPresent());
        return ours ? Optional.of(job.asProbe()) : Optional.empty();
    }

    private Optional<Object> one(Connection connection, String name, Object... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get(name))) {
            Parameters.set(statement, values);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? Optional.ofNullable(rows.getObject(1)) : Optional.empty();
            }
        }
    }
}

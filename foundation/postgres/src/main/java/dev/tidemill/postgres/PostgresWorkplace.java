package dev.tidemill.postgres;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.store.Calls;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Completions;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Reports;
import dev.tidemill.jobs.store.Tally;
import dev.tidemill.jobs.store.Workplace;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * One epoch on PostgreSQL. The claimer, the finisher and the heart have a connection each, so that none waits for
 * another; the rare calls borrow one.
 */
final class PostgresWorkplace implements Workplace {
    private static final int CLAIM_SLOT = 0;
    private static final int FINISH_SLOT = 1;
    private static final int OTHER_SLOT = 2;
    private static final int FIRST_HANDLER_SLOT = 3;
    private static final int SLOTS = 32;
    private final DataSource dataSource;
    private final Statements statements;
    private final NameIds kinds;
    private final NameIds queues;
    private final Rescuer rescuer;
    private final long epoch;
    private final Claimer claimer;
    private final Session claiming;
    private final Session finishing;
    private final Heart heart;
    private final FinishStatements finish;
    private final Completions completions;
    private final Reports reports;
    private final PostgresCalls calls;
    private final LeasedIntake intake;
    private final NodeInfo node;

    PostgresWorkplace(
            DataSource dataSource,
            Statements statements,
            NameIds kinds,
            NameIds queues,
            Rescuer rescuer,
            LeasedIntake intake,
            NodeInfo node) {
        this.intake = intake;
        this.dataSource = dataSource;
        this.statements = statements;
        this.kinds = kinds;
        this.queues = queues;
        this.rescuer = rescuer;
        this.node = node;
        this.claiming = new Session(dataSource, Duration.ofSeconds(30));
        this.finishing = new Session(dataSource, Duration.ofSeconds(30));
        this.heart = new Heart(dataSource, statements, kinds, queues, node);
        this.finish = new FinishStatements(statements, kinds, queues);
        this.epoch = heart.epoch();
        this.reports = new PostgresReports(dataSource, statements, this);
        this.calls = new PostgresCalls(dataSource, statements, epoch, OTHER_SLOT);
        this.completions = new PostgresCompletions(dataSource, statements, epoch);
        this.claimer = new Claimer(
                claiming,
                statements,
                kinds,
                queues,
                node,
                epoch,
                CLAIM_SLOT,
                new Lookout(dataSource, claiming, statements, queues),
                heart.now());
    }

    @Override
    public long epoch() {
        return epoch;
    }

    @Override
    public List<ClaimedJob> claim(List<Demand> demands) {
        return claimer.claim(demands);
    }

    @Override
    public List<ClaimedJob> take(List<NewJob> jobs) {
        return claimer.freeVersion(jobs)
                .map(version -> intake.add(epoch, OTHER_SLOT, version, jobs))
                .orElse(List.of());
    }

    @Override
    public List<ClaimedJob> claim(Set<String> kinds, List<Demand> demands) {
        return claimer.claim(kinds, demands);
    }

    @Override
    public void offer(Set<String> kinds, Set<String> queues) {
        String[] allKinds = Heart.sorted(node.kinds(), kinds);
        String[] allQueues = Heart.sorted(node.queues(), queues);
        claiming.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("offer"))) {
                Parameters.set(statement, allKinds, allQueues, epoch);
                return statement.executeUpdate();
            }
        });
    }

    @Override
    public long rules() {
        return claimer.rules();
    }

    @Override
    public void hint(Hint hint) {
        claimer.hint(hint);
    }

    @Override
    public List<Hint> finish(List<Outcome> outcomes, List<ClaimedJob> written, Collection<Long> endedLeases) {
        return finish(outcomes, written, endedLeases, null);
    }

    /** Writes outcomes, and with them, under the same fence, what else belongs to them. */
    List<Hint> finish(
            List<Outcome> outcomes, List<ClaimedJob> written, Collection<Long> endedLeases, @Nullable Beside beside) {
        List<Outcome> successes = new ArrayList<>(outcomes.size());
        List<Outcome> failures = new ArrayList<>();
        outcomes.forEach(
                outcome -> (outcome.outcome() == AttemptOutcome.SUCCEEDED ? successes : failures).add(outcome));
        // Most leases end whole.
        Set<Long> ended = Set.copyOf(endedLeases);
        List<ClaimedJob> freed = Stream.concat(outcomes.stream().map(Outcome::job), written.stream())
                .filter(job -> job.limited() && !ended.contains(job.lease()))
                .toList();
        if (failures.isEmpty() && beside == null) {
            return finishing.call(connection -> {
                finish.successes(connection, epoch, FINISH_SLOT, successes, endedLeases, freed);
                return List.of();
            });
        }
        return finishing.transaction(connection -> {
            List<Hint> hints =
                    failures.isEmpty() ? List.of() : finish.failures(connection, epoch, FINISH_SLOT, failures);
            finish.successes(connection, epoch, FINISH_SLOT, successes, endedLeases, freed);
            if (beside != null) {
                beside.write(connection);
            }
            return hints;
        });
    }

    /** What is written in the transaction of outcomes. */
    @FunctionalInterface
    interface Beside {
        void write(Connection connection) throws SQLException;
    }

    @Override
    public void giveBack(List<ClaimedJob> jobs) {
        borrow(Duration.ofSeconds(10), connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("give_back"))) {
                short[] priorities = new short[jobs.size()];
                for (int i = 0; i < priorities.length; i++) {
                    priorities[i] = (short) jobs.get(i).priority().code();
                }
                Parameters.set(
                        statement,
                        epoch,
                        OTHER_SLOT,
                        jobs.stream().mapToLong(ClaimedJob::lease).toArray(),
                        jobs.stream().mapToLong(ClaimedJob::id).toArray(),
                        jobs.stream().mapToInt(job -> kinds.id(job.kind())).toArray(),
                        jobs.stream().mapToInt(job -> queues.id(job.queue())).toArray(),
                        priorities);
                return statement.execute();
            }
        });
    }

    @Override
    public boolean complete(Connection connection, ClaimedJob job, long startedMicros) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("complete"))) {
            Parameters.set(
                    statement,
                    epoch,
                    handlerSlot(job),
                    job.lease(),
                    job.id(),
                    (short) job.attempt(),
                    startedMicros,
                    job.startByMicros());
            try (ResultSet rows = statement.executeQuery()) {
                rows.next();
                return rows.getBoolean(1);
            }
        }
    }

    static int handlerSlot(ClaimedJob job) {
        return FIRST_HANDLER_SLOT + (int) (job.id() % (SLOTS - FIRST_HANDLER_SLOT));
    }

    @Override
    public Reports reports() {
        return reports;
    }

    /** Holds the fence for the rest of the transaction. */
    void requireFence(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("require_fence"))) {
            Parameters.set(statement, epoch, OTHER_SLOT);
            statement.execute();
        }
    }

    @Override
    public Calls calls() {
        return calls;
    }

    @Override
    public Completions completions() {
        return completions;
    }

    @Override
    public Settled settle(Outcome ifNotCompleted) {
        ClaimedJob job = ifNotCompleted.job();
        return borrow(Duration.ofSeconds(5), connection -> {
            @Nullable Integer present = presentOutcome(connection, job);
            if (present != null) {
                return present == AttemptOutcome.SUCCEEDED.code() ? Settled.COMPLETED : Settled.WRITTEN;
            }
            connection.setAutoCommit(false);
            try (Statement statement = connection.createStatement()) {
                statement.execute("set local lock_timeout = '1s'");
                if (ifNotCompleted.outcome() == AttemptOutcome.SUCCEEDED) {
                    finish.successes(
                            connection, epoch, handlerSlot(job), List.of(ifNotCompleted), List.of(), List.of());
                } else {
                    finish.failures(connection, epoch, handlerSlot(job), List.of(ifNotCompleted));
                }
                connection.commit();
            } catch (SQLException failed) {
                connection.rollback();
                if (SqlErrors.LOCK_TIMEOUT.equals(failed.getSQLState())) {
                    return Settled.OPEN;
                }
                throw failed;
            } finally {
                connection.setAutoCommit(true);
            }
            // What was open may have been committed just before: whoever's row is there, is the outcome.
            Integer written = presentOutcome(connection, job);
            return written != null && written == AttemptOutcome.SUCCEEDED.code() ? Settled.COMPLETED : Settled.WRITTEN;
        });
    }

    private @Nullable Integer presentOutcome(Connection connection, ClaimedJob job) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(statements.get("attempt_outcome"))) {
            Parameters.set(statement, job.lease(), job.id());
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next() ? rows.getInt(1) : null;
            }
        }
    }

    @Override
    public int reconcile(Set<Long> known) {
        return claiming.transaction(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("require_fence"))) {
                Parameters.set(statement, epoch, CLAIM_SLOT);
                statement.execute();
            }
            List<Long> unknown = new ArrayList<>();
            try (PreparedStatement statement = connection.prepareStatement(statements.get("lease_ids"))) {
                statement.setLong(1, epoch);
                try (ResultSet rows = statement.executeQuery()) {
                    while (rows.next()) {
                        if (!known.contains(rows.getLong(1))) {
                            unknown.add(rows.getLong(1));
                        }
                    }
                }
            }
            if (!unknown.isEmpty()) {
                rescuer.returnLeases(connection, epoch, unknown, null).forEach(claimer::hint);
            }
            return unknown.size();
        });
    }

    @Override
    public Set<Long> oftenLost(Collection<Long> jobs, int times) {
        long[] ids = jobs.stream().mapToLong(Long::longValue).toArray();
        return borrow(Duration.ofSeconds(10), connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("often_lost"))) {
                Parameters.set(statement, ids, ids, times);
                return longs(statement);
            }
        });
    }

    @Override
    public void noteSuspect(ClaimedJob job) {
        borrow(Duration.ofSeconds(5), connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("note_suspect"))) {
                Parameters.set(statement, epoch, OTHER_SLOT, job.lease(), job.id());
                return statement.execute();
            }
        });
    }

    private static Set<Long> longs(PreparedStatement statement) throws SQLException {
        try (ResultSet rows = statement.executeQuery()) {
            Set<Long> values = new HashSet<>();
            while (rows.next()) {
                values.add(rows.getLong(1));
            }
            return values;
        }
    }

    @Override
    public Set<Long> cancelRequests() {
        return borrow(Duration.ofSeconds(5), connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("cancel_requests"))) {
                return longs(statement);
            }
        });
    }

    @Override
    public boolean drained() {
        return claiming.call(connection -> {
            try (PreparedStatement statement = connection.prepareStatement(statements.get("is_drained"))) {
                statement.setLong(1, epoch);
                try (ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    return rows.getBoolean(1);
                }
            }
        });
    }

    @Override
    public long heartbeat(int running, List<Tally> tallies) {
        return heart.beat(running, tallies);
    }

    @Override
    public void leave() {
        rescuer.close(epoch, AttemptOutcome.RELEASED);
    }

    private <T> T borrow(Duration answerWithin, Session.Work<T> work) {
        try (Session session = new Session(dataSource, answerWithin)) {
            return session.call(work);
        }
    }

    @Override
    public void close() {
        claiming.close();
        finishing.close();
        heart.close();
        calls.close();
    }
}

package dev.tidemill.postgres;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Diagnosis.Repair;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Severity;
import dev.tidemill.jobs.Why;
import dev.tidemill.jobs.store.Checkup;
import dev.tidemill.jobs.store.StoreException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/**
 * The doctor: one check after the other, each in a read-only transaction that the server ends after five seconds, so
 * that a look at a sick database makes it no sicker. A check that the server refuses is told as unseen and keeps none of
 * the others from looking.
 */
final class PostgresCheckup implements Checkup {
    private static final Duration ANSWER_WITHIN = Duration.ofSeconds(10);
    private static final Duration ALIVE = Duration.ofSeconds(10);
    private static final Duration SILENT_FOR_GOOD = Duration.ofMinutes(5);
    private static final int WHYS_AT_ONCE = 16;
    private static final String REPAIR = "repair";
    private static final Comparator<Finding> WORST_FIRST =
            Comparator.comparing(Finding::severity).reversed().thenComparing(Finding::ailment);

    private final DataSource dataSource;
    private final Statements statements;
    private final String schemaName;
    private final Rescuer rescuer;
    private final JobViews views;
    private final InstantSource processClock;
    private final CheckupLimits limits;
    private final Together<JobView, Why> whys = new Together<>(2, WHYS_AT_ONCE, this::whys);

    PostgresCheckup(
            DataSource dataSource,
            Statements statements,
            String schemaName,
            Rescuer rescuer,
            InstantSource processClock,
            CheckupLimits limits) {
        this.dataSource = dataSource;
        this.statements = statements;
        this.schemaName = schemaName;
        this.rescuer = rescuer;
        this.views = new JobViews(statements);
        this.processClock = processClock;
        this.limits = limits;
    }

    @Override
    public Diagnosis examine(Duration patience) {
        Map<String, Examination.Check> checks = new LinkedHashMap<>();
        checks.put("clocks", new ClockCheck(processClock)::look);
        checks.put("settings", ServerChecks::settings);
        checks.put("idle transactions", ServerChecks::idle);
        checks.put("snapshots", ServerChecks::snapshots);
        checks.put("prepared transactions", ServerChecks::prepared);
        checks.put("replication slots", ServerChecks::slots);
        checks.put("notifications", ServerChecks::notifications);
        checks.put("tables", TableChecks::tables);
        checks.put("indexes", new IndexCheck()::look);
        checks.put("partitions", TableChecks::partitions);
        checks.put("nodes", WorkChecks::nodes);
        checks.put("orphans", WorkChecks::orphans);
        checks.put("waiting jobs", WorkChecks::waiting);
        checks.put("pauses", WorkChecks::pauses);
        checks.put("scheduled jobs", WorkChecks::scheduled);
        checks.put("depths", WorkChecks::depths);
        checks.put("dead letters", WorkChecks::deadLetters);
        List<Finding> findings = new ArrayList<>();
        List<String> unseen = new ArrayList<>();
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            checks.forEach((name, check) -> run(session, name, check, patience, findings, unseen));
            findings.sort(WORST_FIRST);
            return session.call(connection -> {
                try (PreparedStatement statement = connection.prepareStatement(statements.get("checkup_server"));
                        ResultSet rows = statement.executeQuery()) {
                    rows.next();
                    Instant at = PostgresDesk.instant(rows.getLong(1));
                    return new Diagnosis(at, "PostgreSQL " + rows.getString(3), schemaName, findings, unseen);
                }
            });
        }
    }

    private void run(
            Session session,
            String name,
            Examination.Check check,
            Duration patience,
            List<Finding> findings,
            List<String> unseen) {
        try {
            Examination done = session.transaction(connection -> {
                bound(connection, true);
                Examination examination = new Examination(statements, connection, limits, patience);
                check.on(examination);
                return examination;
            });
            findings.addAll(done.findings());
            unseen.addAll(done.unseen());
        } catch (StoreException refused) {
            if (refused.connection()) {
                throw refused;
            }
            unseen.add(name + ": " + refused.getMessage());
        }
    }

    private static void bound(Connection connection, boolean readOnly) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select set_config('statement_timeout', '5s', true), set_config('lock_timeout', '1s', true)"
                        + (readOnly ? ", set_config('transaction_read_only', 'on', true)" : ""))) {
            statement.execute();
        }
    }

    /**
     * Has the rest of the transaction find rows by keys alone. Whether a lane is empty is asked of its key; where all that
     * waits is in other lanes, statistics promise that the table's first row will do, and all of it is read in vain.
     */
    static void byKeys(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "select set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true)")) {
            statement.execute();
        }
    }

    @Override
    public List<Repair> repair(Duration patience, String by) {
        List<Repair> repairs = new ArrayList<>();
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            List<Sick> orphaned = new ArrayList<>();
            List<Sick> open = new ArrayList<>();
            boolean[] partitions = {false};
            run(
                    session,
                    "what can be mended",
                    examination -> {
                        examination.each(
                                "checkup_orphans",
                                rows -> orphaned.add(
                                        new Sick(rows.getLong(1), rows.getString(5), Ailment.ORPHANED_LEASES)));
                        examination.each(
                                "checkup_nodes",
                                rows -> mendable(rows, patience).ifPresent(open::add));
                        TableChecks.partitions(examination);
                        partitions[0] = examination.findings().stream()
                                .anyMatch(finding -> finding.ailment() == Ailment.PARTITIONS_MISSING);
                    },
                    patience,
                    new ArrayList<>(),
                    new ArrayList<>());
            for (Sick one : orphaned) {
                announce(session, one, by);
                int lanes = rescuer.close(one.epoch(), AttemptOutcome.LOST).size();
                repairs.add(new Repair(
                        one.ailment(),
                        "Returned what ended epoch " + one.epoch() + " still held to " + lanes + " lanes."));
            }
            for (Sick one : open) {
                announce(session, one, by);
                rescuer.close(one.epoch(), AttemptOutcome.LOST);
                repairs.add(new Repair(one.ailment(), "Closed epoch " + one.epoch() + "; what it held runs again."));
            }
            if (partitions[0]) {
                int made = session.transaction(connection -> {
                    bound(connection, false);
                    try (PreparedStatement statement = connection.prepareStatement(statements.get("make_partitions"));
                            ResultSet rows = statement.executeQuery()) {
                        rows.next();
                        int count = rows.getInt(1);
                        PostgresAudit.note(connection, statements, by, REPAIR, "PARTITIONS", count + " made");
                        return count;
                    }
                });
                repairs.add(new Repair(Ailment.PARTITIONS_MISSING, "Made " + made + " partitions."));
            }
        }
        return repairs;
    }

    /**
     * An epoch to close.
     *
     * @param node the name of the node whose it is; null if nobody knows
     */
    private record Sick(long epoch, @Nullable String node, Ailment ailment) {}

    /** That it is closing commits with the line in the audit trail; whoever rescues after that does the rest. */
    private void announce(Session session, Sick one, String by) {
        session.transaction(connection -> {
            try (PreparedStatement mark = connection.prepareStatement(statements.get("mark_closing_one"))) {
                Parameters.set(mark, one.epoch(), (short) AttemptOutcome.LOST.code());
                mark.executeUpdate();
            }
            PostgresAudit.note(
                    connection,
                    statements,
                    by,
                    REPAIR,
                    one.node() == null ? "EPOCH " + one.epoch() : "NODE " + one.node(),
                    "epoch " + one.epoch() + ", " + one.ailment());
            return true;
        });
    }

    private static Optional<Sick> mendable(ResultSet rows, Duration patience) throws SQLException {
        long silentSeconds = rows.getLong(5) / 1_000_000;
        long closingMicros = rows.getLong(9);
        if (!rows.wasNull() && closingMicros > patience.toNanos() / 1_000) {
            return Optional.of(new Sick(rows.getLong(1), rows.getString(2), Ailment.EPOCH_CLOSING));
        }
        return silentSeconds > Math.max(patience.toSeconds(), SILENT_FOR_GOOD.toSeconds())
                ? Optional.of(new Sick(rows.getLong(1), rows.getString(2), Ailment.NODE_SILENT))
                : Optional.empty();
    }

    @Override
    public Optional<Why> why(long id) {
        // One connection after the other: whoever waits for a second waits for ever once all who have one do.
        List<JobView> found;
        try (Session session = Session.reading(dataSource, ANSWER_WITHIN)) {
            found = session.call(connection -> views.whole(connection, List.of(id)));
        }
        return found.stream()
                .findFirst()
                .map(job -> read(List.of(job), WhyReader.WALK).getFirst());
    }

    @Override
    public Why why(JobView job) {
        return whys.ask(job);
    }

    private List<Why> whys(List<JobView> asked) {
        return read(asked, WhyReader.SHORT_WALK);
    }

    private List<Why> read(List<JobView> asked, int walk) {
        try (Session session = new Session(dataSource, ANSWER_WITHIN)) {
            return session.transaction(connection -> {
                bound(connection, true);
                byKeys(connection);
                WhyReader reader = new WhyReader(new Examination(statements, connection, limits, ALIVE), walk);
                List<Why> answers = new ArrayList<>();
                for (JobView job : asked) {
                    answers.add(reader.read(job));
                }
                return answers;
            });
        }
    }

    static Severity worse(boolean critical) {
        return critical ? Severity.CRITICAL : Severity.WARNING;
    }
}

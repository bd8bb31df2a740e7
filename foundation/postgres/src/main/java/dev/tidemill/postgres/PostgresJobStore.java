package dev.tidemill.postgres;

import dev.tidemill.jobs.store.Actions;
import dev.tidemill.jobs.store.Alarms;
import dev.tidemill.jobs.store.AuditTrail;
import dev.tidemill.jobs.store.BreakerBook;
import dev.tidemill.jobs.store.Checkup;
import dev.tidemill.jobs.store.Clockwork;
import dev.tidemill.jobs.store.Control;
import dev.tidemill.jobs.store.Desk;
import dev.tidemill.jobs.store.History;
import dev.tidemill.jobs.store.Intake;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.Journal;
import dev.tidemill.jobs.store.LeaseBook;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Roster;
import dev.tidemill.jobs.store.Search;
import dev.tidemill.jobs.store.Signals;
import dev.tidemill.jobs.store.Timetable;
import dev.tidemill.jobs.store.Upkeep;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.time.InstantSource;
import javax.sql.DataSource;

/** The job store on PostgreSQL: puts its parts together, and decides which of them share a connection. */
final class PostgresJobStore implements JobStore {
    private static final Duration SHORT = Duration.ofSeconds(10);
    private static final Duration LONG = Duration.ofMinutes(2);

    private final DataSource dataSource;
    private final Statements statements;
    private final Session names;
    private final Session adding;
    private final SpareSessions patient;
    private final NameIds kinds;
    private final NameIds queues;
    private final Rescuer rescuer;
    private final PostgresIntake intake;
    private final PostgresUpkeep upkeep;
    private final PostgresSignals signals;
    private final PostgresDesk desk;
    private final PostgresSearch search;
    private final PostgresTimetable timetable;
    private final PostgresClockwork clockwork;
    private final PostgresHistory history;
    private final PostgresCheckup checkup;
    private final PostgresControl control;

    PostgresJobStore(DataSource dataSource, String schema) {
        this.dataSource = dataSource;
        this.statements = new Statements(schema);
        this.names = new Session(dataSource, SHORT);
        this.adding = new Session(dataSource, LONG);
        this.patient = new SpareSessions(dataSource, LONG);
        this.kinds = new NameIds(names, statements, "kind");
        this.queues = new NameIds(names, statements, "queue");
        this.rescuer = new Rescuer(dataSource, statements, queues);
        this.intake = new PostgresIntake(adding, patient, names, statements, kinds, queues);
        Session quick = new Session(dataSource, SHORT);
        this.upkeep = new PostgresUpkeep(quick, new Session(dataSource, LONG), statements, queues, rescuer);
        this.signals = new PostgresSignals(quick, new Session(dataSource, SHORT), statements);
        this.desk = new PostgresDesk(dataSource, statements);
        this.search = new PostgresSearch(dataSource, statements);
        this.timetable = new PostgresTimetable(dataSource, statements, intake, "application");
        this.clockwork = new PostgresClockwork(quick, new Session(dataSource, SHORT), statements, intake);
        this.history = new PostgresHistory(dataSource, statements, kinds);
        this.checkup = new PostgresCheckup(
                dataSource, statements, schema, rescuer, InstantSource.system(), CheckupLimits.STANDARD);
        this.control = new PostgresControl(dataSource, statements, kinds, queues);
    }

    @Override
    public Intake intake() {
        return intake;
    }

    @Override
    public Workplace join(NodeInfo node) {
        return new PostgresWorkplace(
                dataSource,
                statements,
                kinds,
                queues,
                rescuer,
                new LeasedIntake(adding, statements, kinds, queues, intake.ids()),
                node);
    }

    @Override
    public Upkeep upkeep() {
        return upkeep;
    }

    @Override
    public Signals signals() {
        return signals;
    }

    @Override
    public Desk desk() {
        return desk;
    }

    @Override
    public Timetable timetable() {
        return timetable;
    }

    @Override
    public Clockwork clockwork() {
        return clockwork;
    }

    @Override
    public History history() {
        return history;
    }

    @Override
    public Checkup checkup() {
        return checkup;
    }

    @Override
    public Control control() {
        return control;
    }

    @Override
    public Journal journal() {
        return new PostgresJournal(dataSource, statements);
    }

    @Override
    public Alarms alarms() {
        return new PostgresAlarms(dataSource, statements, kinds);
    }

    @Override
    public Actions actions() {
        return new PostgresActions(dataSource, statements, kinds, queues);
    }

    @Override
    public Search search() {
        return search;
    }

    @Override
    public Roster roster() {
        return new PostgresRoster(dataSource, statements);
    }

    @Override
    public AuditTrail auditTrail() {
        return new PostgresAudit(dataSource, statements);
    }

    @Override
    public BreakerBook breakers() {
        return new PostgresBreakers(dataSource, statements, kinds);
    }

    @Override
    public LeaseBook leases() {
        return new PostgresLeases(dataSource, statements, rescuer);
    }

    @Override
    public void close() {
        clockwork.close();
        history.close();
        upkeep.close();
        signals.close();
        adding.close();
        patient.close();
        names.close();
    }
}

package dev.tidemill.jobs.store;

/** A job store's parts. */
public interface JobStore extends AutoCloseable {
    /** Takes jobs in. */
    Intake intake();

    /** Hands jobs to a node, and takes outcomes back. */
    Workplace join(NodeInfo node);

    /** Keeps the store in order; any node may. */
    Upkeep upkeep();

    /** Wakes other processes, and is woken by them. */
    Signals signals();

    /** Answers questions, and carries out what a person decides. */
    Desk desk();

    /** Keeps schedules. */
    Timetable timetable();

    /** Fires schedules. */
    Clockwork clockwork();
    /** Steers claims. */
    Control control();

    /** Lets go of what is old enough; any node may. */
    History history();

    /** Looks for what ails the store. */
    Checkup checkup();

    /** What handlers reported. */
    Journal journal();

    /** When kinds fail too often. */
    Alarms alarms();

    /** Carries out what a person decides about jobs. */
    Actions actions();

    /** Finds jobs by what is known of them. */
    Search search();

    /** Says which nodes may claim. */
    Roster roster();

    /** Who changed what. */
    AuditTrail auditTrail();

    /** What jobs depend on. */
    BreakerBook breakers();

    /** What nodes hold. */
    LeaseBook leases();

    @Override
    void close();
}

package dev.tidemill.jobs;

import java.util.Locale;

/** What a {@link Diagnosis} can find, and why it matters. Codes are stable; docs/operate/doctor.md has a section each. */
public enum Ailment {
    /** A session has a transaction open and does nothing. */
    IDLE_IN_TRANSACTION(
            "Its locks stay, and others may queue behind them: migrations, the rescue of a dead node, partitions."),
    /** A transaction's snapshot keeps vacuum from removing what was deleted since. */
    HELD_XMIN("Vacuum removes nothing that was deleted since, so claims walk ever more dead entries and tables grow."),
    /** A prepared transaction was never committed or rolled back. */
    PREPARED_TRANSACTION(
            "It holds its locks and keeps vacuum from its work, even over restarts, until somebody ends it."),
    /** A replication slot that nobody reads holds something back. */
    REPLICATION_SLOT("It keeps write-ahead log until the disk is full, and old rows of the catalogs or tables."),
    /** A table has far more dead rows than autovacuum should leave. */
    DEAD_TUPLES(
            "Dead rows make claims and counts slower and tables larger; autovacuum does not keep up, or is held back."),
    /** A table is far larger than what is in it. */
    BLOAT("Space and cache are taken by nothing; what walks the table or its indexes reads it all."),
    /** The server's autovacuum, or what it needs, is off, or off for one of the tables. */
    AUTOVACUUM_OFF("Nothing removes the rows that every claim deletes: the engine slows down within minutes of load."),
    /** An index or primary key that the engine relies on is not there. */
    MISSING_INDEX("The engine's statements are made for it; without it they read whole tables, or let doubles in."),
    /** An index is not valid. */
    INVALID_INDEX("It is written to and not used for reading: it costs, and its queries are slow."),
    /** A large index was never used. */
    UNUSED_INDEX("Every write maintains it."),
    /** The partitions that new ids need are not there, or nearly used up. */
    PARTITIONS_MISSING("An id without a partition cannot be stored: enqueuing or finishing will fail."),
    /** There are more partitions than is good. */
    PARTITIONS_MANY(
            "Every enqueue and every look at a job plans over all of them: 256 cost three times as much as 32."),
    /** The clocks of this process and of the database differ. */
    CLOCK_SKEW("Tidemill goes by the database's clock: a time that the application calculated is off by as much."),
    /** The schema has a test's clock. */
    TEST_CLOCK("Time stands still, or is another: delayed jobs, retries and rescues do not happen when they should."),
    /** The server's queue of notifications fills up. */
    NOTIFY_QUEUE("When it is full every commit that notifies fails, in all databases of the server."),
    /** A node has not said for long that it lives. */
    NODE_SILENT("What it holds runs nowhere until another process declares it dead; nobody did."),
    /** An epoch is being closed for long. */
    EPOCH_CLOSING("What a dead node held runs again only when its fence is gone; a transaction still holds it."),
    /** Leases of an epoch that has ended. */
    ORPHANED_LEASES("These jobs are in nobody's hands and run never again by themselves."),
    /** Jobs wait and no process is at work. */
    NO_NODE("Nothing runs."),
    /** Jobs wait whose kind no living node handles. */
    KIND_UNHANDLED("They wait until a process that handles the kind starts."),
    /** Jobs wait on a queue that no living node works on, or none that handles their kind. */
    QUEUE_UNWORKED("They wait until a process that handles their kind works on their queue."),
    /** Something is paused. */
    PAUSED("Jobs wait until somebody resumes it; a pause that was forgotten looks like a fault."),
    /** Delayed jobs are due and were not moved. */
    SCHEDULED_OVERDUE("They are late: no process moves due jobs, or it cannot."),
    /** The depths were not counted for long. */
    DEPTHS_STALE("What statistics and pages show of waiting jobs is as old."),
    /** Dead letters. */
    DEAD_LETTERS("These jobs failed for good and wait for a person."),
    /** A setting of the server that can lose or damage data. */
    UNSAFE_SETTING("What was committed can be lost or damaged when the server or its machine fails."),
    /** Secrets of endpoints that a server keeps are not sealed; found by the server. */
    SECRETS_PLAIN("Whoever reads the table, or a backup of it, can sign as the servers do."),
    /** A rule's table or triggers are not as the rule needs them; found by the service of rules, as all of these. */
    RULE_BROKEN("Writes go unnoticed, so that what should follow from them does not happen."),
    /** No process has a rule's code. */
    RULE_UNSERVED("Its changes are noticed, and nobody reacts to them."),
    /** Changes wait for a rule for long. */
    RULE_LATE("What should follow from a write does so minutes later, or not at all."),
    /** Keys whose reaction failed. */
    RULE_PARKED("What should follow from their changes does not happen until their jobs succeed."),
    /** A sweep found what a rule would have otherwise, or could not look. */
    RULE_DRIFT("Something writes unseen, or undoes what the rule does: data was wrong for as long as nobody swept."),
    /** A reaction took long. */
    RULE_SLOW("While it runs, the other rules of its process wait.");

    private final String why;

    Ailment(String why) {
        this.why = why;
    }

    /** Why it matters. */
    public String why() {
        return why;
    }

    /** Where the repository's documents tell more. */
    public String section() {
        return "docs/operate/doctor.md#" + name().toLowerCase(Locale.ROOT);
    }
}

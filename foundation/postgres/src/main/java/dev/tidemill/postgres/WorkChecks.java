package dev.tidemill.postgres;

import static dev.tidemill.postgres.Examination.span;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Severity;
import java.sql.SQLException;
import java.util.List;
import java.util.StringJoiner;

/** Whether the work is being done: nodes, leases, jobs that wait, jobs that failed. */
final class WorkChecks {
    private static final long MANY_DEAD_LETTERS = 1_000;
    /** As many of the newest are looked at for what most of them are. */
    private static final long NEWEST_DEAD_LETTERS = 1_000;
    /** As many waiting jobs are looked at by themselves. */
    private static final long SAMPLE = 20_000;

    private WorkChecks() {}

    static void nodes(Examination examination) throws SQLException {
        examination.each("checkup_nodes", rows -> {
            long silent = rows.getLong(5) / 1_000_000;
            String node = rows.getString(2) + " (epoch " + rows.getLong(1) + ", pid " + rows.getLong(4) + " on "
                    + rows.getString(3) + ")";
            long leases = rows.getLong(10);
            long closing = rows.getLong(9);
            boolean isClosing = !rows.wasNull();
            if (isClosing && closing > examination.patienceMicros()) {
                examination.found(
                        Ailment.EPOCH_CLOSING,
                        Severity.CRITICAL,
                        "The epoch of node " + node + " has been closing for " + span(closing / 1_000_000)
                                + " and holds " + leases + " leases.",
                        "./tidemill doctor --repair closes it. What keeps it is a transaction that holds its fence: see"
                                + " IDLE_IN_TRANSACTION, or a user that may not end it (pg_signal_backend).",
                        "epoch",
                        rows.getLong(1),
                        "node",
                        rows.getString(2),
                        "closing_s",
                        closing / 1_000_000,
                        "leases",
                        leases);
            } else if (!isClosing && rows.getLong(5) > examination.patienceMicros()) {
                examination.found(
                        Ailment.NODE_SILENT,
                        PostgresCheckup.worse(leases > 0),
                        "Node " + node + " said " + span(silent) + " ago for the last time that it lives, and holds "
                                + leases + " leases.",
                        "Any process of the application that is up takes it for dead after ten seconds: start one. With"
                                + " none, after five minutes: ./tidemill doctor --repair",
                        "epoch",
                        rows.getLong(1),
                        "node",
                        rows.getString(2),
                        "silent_s",
                        silent,
                        "leases",
                        leases);
            }
        });
    }

    static void orphans(Examination examination) throws SQLException {
        examination.each(
                "checkup_orphans",
                rows -> examination.found(
                        Ailment.ORPHANED_LEASES,
                        Severity.CRITICAL,
                        "Epoch " + rows.getLong(1) + " has ended and still holds "
                                + Examination.counted(rows.getLong(2), "lease") + " over "
                                + Examination.counted(rows.getLong(3), "job") + ", the oldest for "
                                + span(rows.getLong(4)) + ".",
                        "./tidemill doctor --repair makes the jobs without an outcome ready again.",
                        "epoch",
                        rows.getLong(1),
                        "leases",
                        rows.getLong(2),
                        "jobs",
                        rows.getLong(3),
                        "oldest_s",
                        rows.getLong(4)));
    }

    private static String waiting(long jobs, String kind, String queue) {
        return Examination.counted(jobs, "job") + " of kind " + kind + (jobs == 1 ? " waits" : " wait") + " on queue "
                + queue;
    }

    static void waiting(Examination examination) throws SQLException {
        List<LiveNode> nodes = LiveNode.all(examination);
        long[] alone = {0};
        examination.each("checkup_waiting", rows -> {
            String kind = rows.getString(1);
            String queue = rows.getString(2);
            long jobs = rows.getLong(3);
            if (nodes.isEmpty()) {
                alone[0] += jobs;
            } else if (nodes.stream().noneMatch(node -> node.handles(kind))) {
                examination.found(
                        Ailment.KIND_UNHANDLED,
                        Severity.WARNING,
                        waiting(jobs, kind, queue) + ", and "
                                + (nodes.size() == 1
                                        ? "the one living node does not handle it."
                                        : "none of the " + nodes.size() + " living nodes handles it."),
                        "Start a process that handles " + kind + ", or register its handler under this name (alias"
                                + " takes a former one)." + oneOf(rows.getLong(4)),
                        "kind",
                        kind,
                        "queue",
                        queue,
                        "ready",
                        jobs);
            } else if (nodes.stream().noneMatch(node -> node.handles(kind) && node.worksOn(queue))) {
                examination.found(
                        Ailment.QUEUE_UNWORKED,
                        Severity.WARNING,
                        waiting(jobs, kind, queue) + ", which no living node that handles the kind works on.",
                        "Give a process that handles " + kind + " the queue: Tidemill.on(..).queue(\"" + queue
                                + "\", ..)." + oneOf(rows.getLong(4)),
                        "kind",
                        kind,
                        "queue",
                        queue,
                        "ready",
                        jobs);
            }
        });
        if (alone[0] > 0) {
            examination.found(
                    Ailment.NO_NODE,
                    Severity.CRITICAL,
                    Examination.counted(alone[0], "job") + (alone[0] >= SAMPLE ? " and more" : "")
                            + " may run, and no node is alive.",
                    "Start the application's processes that handle jobs.",
                    "ready",
                    alone[0]);
        }
    }

    /** What was counted with the depths has none to show. */
    private static String oneOf(long job) {
        return job == 0 ? "" : " One of them: job " + job;
    }

    static void pauses(Examination examination) throws SQLException {
        examination.each("checkup_pauses", rows -> {
            Pause.Scope scope = Pause.Scope.ofCode(rows.getInt(1));
            String name = rows.getString(2);
            examination.found(
                    Ailment.PAUSED,
                    Severity.INFO,
                    paused(scope, name) + " has been paused for " + span(rows.getLong(3)) + " by " + rows.getString(4)
                            + because(rows.getString(5)) + ".",
                    resume(scope, name),
                    "scope",
                    scope.name(),
                    "name",
                    name,
                    "paused_s",
                    rows.getLong(3),
                    "by",
                    rows.getString(4));
        });
    }

    static String paused(Pause.Scope scope, String name) {
        return switch (scope) {
            case EVERYTHING -> "Everything";
            case QUEUE -> "The queue " + name;
            case KIND -> "The kind " + name;
            case KEY -> "The key " + name;
        };
    }

    static String because(String reason) {
        return reason.isEmpty() ? "" : " (" + reason + ")";
    }

    static String resume(Pause.Scope scope, String name) {
        return switch (scope) {
            case EVERYTHING -> "./tidemill resume --everything";
            case QUEUE -> "./tidemill resume --queue " + name;
            case KIND -> "./tidemill resume --kind " + name;
            case KEY -> "./tidemill resume --key '" + name.replace("'", "'\\''") + "'";
        };
    }

    static void scheduled(Examination examination) throws SQLException {
        examination.each(
                "checkup_overdue",
                rows -> {
                    long count = rows.getLong(1);
                    if (count > 0) {
                        long seconds = rows.getLong(2) / 1_000_000;
                        examination.found(
                                Ailment.SCHEDULED_OVERDUE,
                                Severity.CRITICAL,
                                count + (count >= 10_000 ? " and more" : "")
                                        + " delayed jobs are due and still wait, the" + " oldest for " + span(seconds)
                                        + ".",
                                "Every process of the application moves due jobs, also one that only enqueues: start one,"
                                        + " or see in its log what keeps it.",
                                "jobs",
                                count,
                                "oldest_s",
                                seconds);
                    }
                },
                examination.patienceMicros());
    }

    static void depths(Examination examination) throws SQLException {
        boolean alone = LiveNode.all(examination).isEmpty();
        examination.each("checkup_depths", rows -> {
            long age = rows.getLong(1);
            if (age > Math.max(examination.patienceMicros(), 40 * rows.getLong(2))) {
                examination.found(
                        Ailment.DEPTHS_STALE,
                        alone ? Severity.INFO : Severity.WARNING,
                        "The depths were counted " + span(age / 1_000_000) + " ago.",
                        "Every process of the application counts them every few seconds: start one, or see in its log"
                                + " what keeps it.",
                        "age_s",
                        age / 1_000_000,
                        "counting_took_ms",
                        rows.getLong(2) / 1_000);
            }
        });
    }

    static void deadLetters(Examination examination) throws SQLException {
        StringJoiner most = new StringJoiner(", ");
        examination.each(
                "checkup_dead_letter_kinds",
                rows -> most.add(rows.getLong(3) + " " + rows.getString(1) + " (" + rows.getString(2) + ")"));
        examination.each("checkup_dead_letters", rows -> {
            long all = rows.getLong(1);
            long fresh = rows.getLong(2);
            if (all > 0) {
                boolean many = fresh >= examination.limits().deadLettersInAnHour() || all >= MANY_DEAD_LETTERS;
                examination.found(
                        Ailment.DEAD_LETTERS,
                        many ? Severity.WARNING : Severity.INFO,
                        all + (all >= 10_000 ? " and more" : "") + " dead letters, " + fresh
                                + " of them new in the last hour; most"
                                + (all > NEWEST_DEAD_LETTERS ? " of the newest 1,000" : "") + " are: " + most + ".",
                        "Mend what they failed of, then ./tidemill replay --all --kind KIND, or put them aside with POST"
                                + " /api/v1/dead-letters/ID/discard.",
                        "open",
                        all,
                        "last_hour",
                        fresh);
            }
        });
    }
}

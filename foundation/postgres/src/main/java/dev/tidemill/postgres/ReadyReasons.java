package dev.tidemill.postgres;

import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Why.Cause;
import dev.tidemill.jobs.Why.Reason;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;
import java.util.stream.Collectors;

/** Why a job that is ready does not run. */
final class ReadyReasons {
    private static final String TO_START =
            "It starts when one of those that run is done, or tokens come; or raise the limit.";

    private final Examination examination;
    private final int walk;
    private final List<LiveNode> nodes;
    private final JobView job;
    private final List<Reason> reasons = new ArrayList<>();

    /**
     * Of a job as it was seen.
     *
     * @param walk how far its lane is walked to find it
     * @param nodes those that live
     */
    ReadyReasons(Examination examination, int walk, List<LiveNode> nodes, JobView job) {
        this.examination = examination;
        this.walk = walk;
        this.nodes = nodes;
        this.job = job;
    }

    private void because(Cause cause, String text, String remedy, Object... figures) {
        reasons.add(new Reason(cause, text, Examination.figures(figures), remedy));
    }

    private void paused() throws SQLException {
        examination.each(
                "why_pauses",
                rows -> {
                    Pause.Scope scope = Pause.Scope.ofCode(rows.getInt(1));
                    because(
                            Cause.PAUSED,
                            WorkChecks.paused(scope, rows.getString(2)) + " has been paused since "
                                    + PostgresDesk.instant(rows.getLong(3)) + " by " + rows.getString(4)
                                    + WorkChecks.because(rows.getString(5)) + ".",
                            WorkChecks.resume(scope, rows.getString(2)),
                            "scope",
                            scope.name(),
                            "name",
                            rows.getString(2),
                            "since",
                            PostgresDesk.instant(rows.getLong(3)).toString(),
                            "by",
                            rows.getString(4));
                },
                job.queue(),
                job.kind(),
                job.id(),
                job.id());
    }

    private void brokenOff() throws SQLException {
        examination.each(
                "why_breakers",
                rows -> {
                    String name = rows.getString(1);
                    boolean byHand = rows.getBoolean(2);
                    boolean probing = rows.getBoolean(6);
                    String error = rows.getString(5);
                    String next = byHand
                            ? "until somebody closes it"
                            : probing
                                    ? "and a probe is under way"
                                    : "and the next probe is due at " + PostgresDesk.instant(rows.getLong(4));
                    because(
                            Cause.BREAKER_OPEN,
                            "It depends on " + name + ", whose breaker has been open since "
                                    + PostgresDesk.instant(rows.getLong(3)) + (byHand ? " by hand, " : ", ") + next
                                    + (error == null ? "." : "; the last failure: " + WhyReader.firstLine(error)),
                            byHand ? "./tidemill breakers close " + name : "",
                            "breaker",
                            name,
                            "by_hand",
                            byHand,
                            "since",
                            PostgresDesk.instant(rows.getLong(3)).toString(),
                            "next_probe",
                            byHand ? "" : PostgresDesk.instant(rows.getLong(4)).toString());
                },
                job.kind());
    }

    /** True if it is kept at a limit, or behind a paused key, and so has no place in its lane. */
    private boolean parked() throws SQLException {
        boolean[] parked = {false};
        examination.each(
                "why_parked",
                rows -> {
                    parked[0] = true;
                    String name = rows.getString(3);
                    if (name == null) {
                        return;
                    }
                    long ahead = rows.getLong(8);
                    because(
                            Cause.LIMITED,
                            "The limit on the " + (rows.getInt(2) == 1 ? "queue " : "kind ") + name + " ("
                                    + limit(rows) + ") is used up; " + Examination.counted(ahead, "other job")
                                    + (ahead == 1 ? " waits" : " wait") + " there before it.",
                            TO_START,
                            "limit_on",
                            name,
                            "for_each_key",
                            rows.getBoolean(4),
                            "ahead",
                            ahead);
                },
                job.id());
        return parked[0];
    }

    /** True if the limit of its whole queue lets nothing through, so that its place in the lane is not what counts. */
    private boolean queueFull() throws SQLException {
        String[] full = {""};
        examination.each("why_queue_limit", rows -> full[0] = limit(rows), job.queue());
        if (full[0].isEmpty()) {
            return false;
        }
        long ahead = ahead();
        because(
                Cause.LIMITED,
                "The limit on the queue " + job.queue() + " (" + full[0] + ") is used up; " + others(ahead)
                        + (ahead == 1 ? " waits" : " wait") + " there before it.",
                TO_START,
                "limit_on",
                job.queue(),
                "for_each_key",
                false,
                "ahead",
                ahead < 0 ? walk : ahead,
                "exact",
                ahead >= 0);
        return true;
    }

    private static String limit(ResultSet rows) throws SQLException {
        StringJoiner limit = new StringJoiner(", ");
        long concurrency = rows.getLong(5);
        if (!rows.wasNull()) {
            limit.add(concurrency + " at a time");
        }
        long rate = rows.getLong(6);
        if (!rows.wasNull()) {
            limit.add(rate + " in " + Duration.of(rows.getLong(7), ChronoUnit.MICROS));
        }
        return limit + (rows.getBoolean(4) ? ", for each key" : "");
    }

    /** All of them, the decisive one first. */
    List<Reason> read() throws SQLException {
        paused();
        brokenOff();
        boolean limited = parked() || queueFull();
        List<LiveNode> handling =
                nodes.stream().filter(node -> node.handles(job.kind())).toList();
        List<LiveNode> able =
                handling.stream().filter(node -> node.worksOn(job.queue())).toList();
        if (nodes.isEmpty()) {
            because(Cause.NO_NODE, "No node is alive.", "Start a process that handles " + job.kind() + ".");
        } else if (handling.isEmpty()) {
            because(
                    Cause.KIND_UNHANDLED,
                    (nodes.size() == 1
                                    ? "The one living node does not handle"
                                    : "None of the " + nodes.size() + " living nodes handles")
                            + " the kind " + job.kind() + ".",
                    "Start a process that does, or register the handler under this name (alias takes a former one).",
                    "nodes",
                    (long) nodes.size());
        } else if (able.isEmpty()) {
            because(
                    Cause.QUEUE_UNWORKED,
                    "No living node that handles " + job.kind() + " works on the queue " + job.queue() + ".",
                    "Give one of them the queue: Tidemill.on(..).queue(\"" + job.queue() + "\", ..).",
                    "nodes_that_handle_it",
                    (long) handling.size());
        } else if (able.stream().allMatch(LiveNode::drained)) {
            String names = able.stream().map(LiveNode::name).distinct().sorted().collect(Collectors.joining(", "));
            because(
                    Cause.NODES_DRAINED,
                    "The nodes that could run it are drained: " + names + ".",
                    "./tidemill drain --undo " + able.getFirst().name(),
                    "nodes",
                    (long) able.size());
        }
        if (job.priority() == Priority.OFF_PEAK) {
            offPeak(able);
        }
        if (!limited) {
            place(able);
        }
        return reasons;
    }

    /** Nodes may differ, though they should not: one that is open is enough. */
    private void offPeak(List<LiveNode> able) throws SQLException {
        Instant now = WhyReader.now(examination);
        if (able.isEmpty() || able.stream().anyMatch(node -> node.offPeakOpen(now))) {
            return;
        }
        String windows = able.stream()
                .flatMap(node -> node.offPeak().stream())
                .distinct()
                .sorted()
                .collect(Collectors.joining(", "));
        because(
                Cause.OUTSIDE_WINDOW,
                "It is an off-peak job, and the nodes that could run it run those only within: " + windows + ".",
                "Wait for the window, or give it another priority: ./tidemill jobs prioritize " + job.id()
                        + " --to LOW",
                "windows",
                windows);
    }

    /** How many go first in its lane; less than 0 if it was not found in the part that is walked. */
    private long ahead() throws SQLException {
        long[] ahead = {-1};
        examination.each(
                "why_place",
                rows -> ahead[0] = rows.getLong(1),
                job.queue(),
                job.priority().code(),
                walk,
                job.id());
        return ahead[0];
    }

    private String others(long ahead) {
        return ahead < 0
                ? "More than " + walk + " other " + job.priority() + " jobs"
                : Examination.counted(ahead, "other " + job.priority() + " job");
    }

    private void place(List<LiveNode> able) throws SQLException {
        long ahead = ahead();
        List<Priority> urgent = new ArrayList<>();
        examination.each(
                "why_more_urgent",
                rows -> {
                    if (rows.getBoolean(1)) {
                        urgent.add(Priority.ofCode(rows.getRow() - 1));
                    }
                },
                job.queue(),
                job.priority().code());
        long running = able.stream().mapToLong(LiveNode::running).sum();
        String urgently = urgent.isEmpty() ? "" : "; " + urgent + " jobs of the queue wait too";
        String busy = able.isEmpty()
                ? ""
                : "; the "
                        + (able.size() == 1
                                ? "node that could run it is"
                                : able.size() + " nodes that could run it are")
                        + " running " + Examination.counted(running, "job");
        if (ahead == 0) {
            because(
                    Cause.NEXT,
                    "It is the next " + job.priority() + " job of queue " + job.queue() + urgently + busy + ".",
                    able.isEmpty() ? "" : "If it stays so: more handlers, see queue(.., concurrency) in the builder.",
                    "ahead",
                    0L,
                    "running",
                    running);
        } else {
            because(
                    Cause.BEHIND,
                    others(ahead) + " of queue " + job.queue() + (ahead == 1 ? " goes" : " go") + " first" + urgently
                            + busy + ".",
                    "More handlers, another process, or a higher priority.",
                    "ahead",
                    ahead < 0 ? walk : ahead,
                    "exact",
                    ahead >= 0,
                    "running",
                    running);
        }
    }
}

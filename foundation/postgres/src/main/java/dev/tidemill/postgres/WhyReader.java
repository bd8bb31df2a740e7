package dev.tidemill.postgres;

import static dev.tidemill.postgres.Examination.span;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Why;
import dev.tidemill.jobs.Why.Cause;
import dev.tidemill.jobs.Why.Reason;
import java.sql.SQLException;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Puts {@link Why}s together, by where the jobs are. For one thread. */
final class WhyReader {
    /** How far a lane is walked to find a job in it. */
    static final int WALK = 100_000;
    /** How far for a page, which many may look at. */
    static final int SHORT_WALK = 1_000;

    private static final long SILENT_MICROS = 10_000_000;

    private final Examination examination;
    private final int walk;
    private @Nullable List<LiveNode> nodes;

    WhyReader(Examination examination, int walk) {
        this.examination = examination;
        this.walk = walk;
    }

    private List<LiveNode> nodes() throws SQLException {
        List<LiveNode> known = nodes;
        if (known == null) {
            known = LiveNode.all(examination);
            nodes = known;
        }
        return known;
    }

    Why read(JobView job) throws SQLException {
        Reading reading = new Reading(job);
        switch (job.state()) {
            case SUCCEEDED -> reading.finished();
            case DEAD, DISCARDED -> reading.dead();
            case CANCELLED -> reading.cancelled();
            case SCHEDULED -> reading.scheduled();
            case RUNNING -> reading.running();
            case READY -> reading.reasons.addAll(new ReadyReasons(examination, walk, nodes(), job).read());
        }
        return new Why(job.id(), job.kind(), job.queue(), job.priority(), job.state(), List.copyOf(reading.reasons));
    }

    private final class Reading {
        private final JobView job;
        private final List<Reason> reasons = new ArrayList<>();

        Reading(JobView job) {
            this.job = job;
        }

        private void because(Cause cause, String text, String remedy, Object... figures) {
            reasons.add(new Reason(cause, text, Examination.figures(figures), remedy));
        }

        void finished() {
            AttemptView last = job.attempts().getLast();
            because(
                    Cause.FINISHED,
                    "It succeeded in attempt " + last.attempt() + " on node " + last.node() + ", which began at "
                            + last.startedAt() + " and took " + last.took().toMillis() + " ms.",
                    "",
                    "attempt",
                    (long) last.attempt(),
                    "node",
                    last.node(),
                    "started_at",
                    last.startedAt().toString(),
                    "took_ms",
                    last.took().toMillis());
        }

        void dead() throws SQLException {
            examination.each(
                    "why_dead",
                    rows -> {
                        boolean discarded = job.state() == JobState.DISCARDED;
                        because(
                                discarded ? Cause.DISCARDED : Cause.DEAD_LETTER,
                                "It has been a dead letter (" + rows.getString(1) + ") for "
                                        + span(rows.getLong(3) / 1_000_000)
                                        + (discarded ? ", and was put aside" : "") + ": "
                                        + firstLine(rows.getString(2)),
                                discarded ? "" : "Mend what it failed of, then ./tidemill replay " + job.id(),
                                "code",
                                rows.getString(1),
                                "dead_s",
                                rows.getLong(3) / 1_000_000,
                                "attempts",
                                (long) job.attempts().size());
                    },
                    job.id());
        }

        void cancelled() throws SQLException {
            examination.each(
                    "why_cancelled",
                    rows -> because(
                            Cause.CANCELLED,
                            rows.getString(1) + " cancelled it at " + PostgresDesk.instant(rows.getLong(2)) + ".",
                            "",
                            "by",
                            rows.getString(1),
                            "at",
                            PostgresDesk.instant(rows.getLong(2)).toString()),
                    job.id(),
                    job.id(),
                    job.id());
        }

        void scheduled() throws SQLException {
            Instant due = job.dueAt() == null ? job.createdAt() : job.dueAt();
            Instant now = now(examination);
            long seconds = now.until(due, ChronoUnit.SECONDS);
            boolean tried = !job.attempts().isEmpty();
            if (seconds < -SILENT_MICROS / 1_000_000) {
                because(
                        Cause.OVERDUE,
                        "It was due at " + due + ", " + span(-seconds) + " ago, and nobody has made it ready.",
                        "Every process of the application moves due jobs: start one, or see in its log what keeps it.",
                        "due_at",
                        due.toString(),
                        "overdue_s",
                        -seconds);
                return;
            }
            AttemptView last = tried ? job.attempts().getLast() : null;
            because(
                    tried ? Cause.BETWEEN_ATTEMPTS : Cause.DELAYED,
                    (last == null
                                    ? "It was enqueued for "
                                    : "Attempt " + last.attempt() + " ended as " + last.outcome() + " ("
                                            + firstLine(last.error()) + "); the next is due at ")
                            + due + ", in " + span(Math.max(0, seconds)) + "." + unique(),
                    "",
                    "due_at",
                    due.toString(),
                    "due_in_s",
                    seconds,
                    "attempts",
                    (long) job.attempts().size());
        }

        private String unique() {
            return job.uniqueKey() == null || !job.attempts().isEmpty()
                    ? ""
                    : " It has the unique key '" + job.uniqueKey()
                            + "': another enqueue with that may change its payload, and its time.";
        }

        void running() throws SQLException {
            examination.each(
                    "why_lease",
                    rows -> {
                        String node = rows.getString(1);
                        boolean gone = node == null || rows.getBoolean(5);
                        boolean silent = rows.getLong(6) > SILENT_MICROS;
                        String held = "for " + span(rows.getLong(7) / 1_000_000);
                        String where = node + " (pid " + rows.getLong(3) + " on " + rows.getString(2) + ")";
                        if (gone) {
                            because(
                                    Cause.ORPHANED,
                                    "It has been in the hands of epoch " + rows.getLong(4) + " " + held
                                            + ", which has ended.",
                                    "./tidemill doctor --repair",
                                    "epoch",
                                    rows.getLong(4));
                        } else {
                            because(
                                    silent ? Cause.NODE_SILENT : Cause.RUNNING,
                                    silent
                                            ? "Node " + where + " took it and has been silent for "
                                                    + span(rows.getLong(6) / 1_000_000) + "."
                                            : "It runs, or is about to, on node " + where + ", which took it "
                                                    + span(rows.getLong(7) / 1_000_000) + " ago.",
                                    silent
                                            ? "Any process of the application that is up returns it within seconds: start"
                                                    + " one. With none: ./tidemill doctor --repair"
                                            : "",
                                    "node",
                                    node,
                                    "epoch",
                                    rows.getLong(4),
                                    "held_s",
                                    rows.getLong(7) / 1_000_000,
                                    "silent_s",
                                    rows.getLong(6) / 1_000_000);
                        }
                    },
                    job.id(),
                    job.id());
            if (reasons.isEmpty()) {
                because(Cause.NEXT, "It was moving while it was looked at.", "Ask again.");
            }
        }
    }

    static Instant now(Examination examination) throws SQLException {
        Instant[] now = {Instant.EPOCH};
        examination.each("checkup_server", rows -> now[0] = PostgresDesk.instant(rows.getLong(1)));
        return now[0];
    }

    static String firstLine(@Nullable String error) {
        return error == null ? "no error" : error.lines().findFirst().orElse("no error");
    }
}

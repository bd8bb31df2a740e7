package dev.tidemill.server.page;

import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.ScheduleStats;
import dev.tidemill.jobs.Severity;
import dev.tidemill.jobs.Stats;
import dev.tidemill.rules.RuleAlarm;
import java.util.ArrayList;
import java.util.List;

/**
 * Something that a person should look at.
 *
 * @param path where it is looked at
 * @param what its name
 * @param text what is the matter, in a few words
 * @param bad whether jobs fail or do not run because of it; else it is good to know
 */
public record Concern(String path, String what, String text, boolean bad) {
    /** Of each sort, no more than this many are named. */
    private static final int MOST = 5;

    static List<Concern> of(Snapshot seen) {
        Stats stats = seen.stats();
        List<Concern> list = new ArrayList<>();
        for (Stats.Alarm alarm : stats.alarms().stream().limit(MOST).toList()) {
            list.add(new Concern(
                    "/jobs?kind=" + alarm.kind(),
                    alarm.kind() + " fails",
                    Format.exact(alarm.failed()) + " of " + Format.exact(alarm.attempts()) + " attempts in the last "
                            + alarm.alarm().minutes() + " minutes",
                    true));
        }
        for (BreakerView breaker : stats.openBreakers().stream().limit(MOST).toList()) {
            list.add(new Concern(
                    "/breakers",
                    "Breaker " + breaker.breaker().name(),
                    Format.words(breaker.state()) + (breaker.byHand() ? ", by hand" : "") + " for "
                            + Format.ago(breaker.since(), stats.at()).replace(" ago", ""),
                    true));
        }
        for (RuleAlarm alarm : seen.alarms().stream()
                .filter(alarm -> alarm.kind().severity() != Severity.INFO)
                .limit(MOST)
                .toList()) {
            list.add(new Concern(
                    "/rules/" + Format.url(alarm.rule()),
                    "Rule " + alarm.rule() + " " + said(alarm.kind()),
                    Format.firstLine(alarm.text()),
                    true));
        }
        for (Stats.Unhandled kind : stats.unhandled().stream().limit(MOST).toList()) {
            list.add(new Concern(
                    "/jobs?state=READY&kind=" + kind.kind(),
                    "Nobody handles " + kind.kind(),
                    Format.count(kind.ready()) + " waiting; they use up no attempt until a node handles this kind",
                    false));
        }
        for (ScheduleStats.Failure failure :
                stats.schedules().failures().stream().limit(MOST).toList()) {
            list.add(new Concern(
                    "/schedules/" + failure.schedule(),
                    "Schedule " + failure.schedule(),
                    Format.firstLine(failure.error()),
                    true));
        }
        if (stats.schedules().overdue() > 0) {
            list.add(new Concern(
                    "/schedules",
                    "Schedules are overdue",
                    Format.exact(stats.schedules().overdue()) + " were not seen to for ten seconds",
                    true));
        }
        for (Pause pause : seen.pauses().stream().limit(MOST).toList()) {
            list.add(new Concern(
                    "/queues#pauses",
                    paused(pause),
                    "since " + Format.dayTime(pause.since()) + ", by " + pause.by()
                            + (pause.reason().isEmpty() ? "" : ": " + pause.reason()),
                    false));
        }
        return list;
    }

    private static String said(RuleAlarm.Kind kind) {
        return switch (kind) {
            case BROKEN -> "may miss changes";
            case UNSERVED -> "has nobody who reacts";
            case LATE -> "is late";
            case PARKED -> "fails for some keys";
            case DRIFT -> "found drift";
            case SLOW -> "is slow";
        };
    }

    private static String paused(Pause pause) {
        return pause.scope() == Pause.Scope.EVERYTHING
                ? "Everything is paused"
                : Format.capital(Format.words(pause.scope())) + " " + pause.name() + " is paused";
    }
}

package dev.tidemill.rules;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Severity;
import dev.tidemill.rules.RuleStatus.Walk;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Something about a rule that a person should look at. It is there for as long as it is so.
 *
 * @param rule the rule's name
 * @param kind what it is
 * @param since since when; null where only the last fifteen minutes are known
 * @param text what was seen, in a sentence
 * @param remedy the command that helps, or what to do
 */
public record RuleAlarm(String rule, Kind kind, @Nullable Instant since, String text, String remedy) {
    /** What it can be, the worst first. Stable. */
    public enum Kind {
        /** Changes may go unnoticed. */
        BROKEN(Ailment.RULE_BROKEN, Severity.CRITICAL),
        /** No process has the rule's code. */
        UNSERVED(Ailment.RULE_UNSERVED, Severity.WARNING),
        /** Changes wait for more than a minute. */
        LATE(Ailment.RULE_LATE, Severity.WARNING),
        /** Keys whose reaction failed. */
        PARKED(Ailment.RULE_PARKED, Severity.WARNING),
        /** The last sweep found something, or failed. */
        DRIFT(Ailment.RULE_DRIFT, Severity.WARNING),
        /** A call took a second or more in the last fifteen minutes. */
        SLOW(Ailment.RULE_SLOW, Severity.INFO);

        private final Ailment ailment;
        private final Severity severity;

        Kind(Ailment ailment, Severity severity) {
            this.ailment = ailment;
            this.severity = severity;
        }

        /** How much it matters. */
        public Severity severity() {
            return severity;
        }
    }

    /** As the doctor tells it. */
    Finding finding() {
        Map<String, Object> figures = new TreeMap<>();
        figures.put("rule", rule);
        if (since != null) {
            figures.put("since", since.toString());
        }
        return new Finding(kind.ailment, kind.severity, "Rule " + rule + ": " + text, figures, remedy);
    }

    static List<RuleAlarm> of(List<RuleStatus> rules, Instant now) {
        List<RuleAlarm> alarms = new ArrayList<>();
        for (RuleStatus rule : rules) {
            add(alarms, rule, now);
        }
        alarms.sort(Comparator.comparing(RuleAlarm::kind).thenComparing(RuleAlarm::rule));
        return List.copyOf(alarms);
    }

    private static void add(List<RuleAlarm> alarms, RuleStatus rule, Instant now) {
        String name = rule.name();
        String reason = rule.reason();
        if (rule.state() == RuleState.BROKEN) {
            alarms.add(new RuleAlarm(
                    name,
                    Kind.BROKEN,
                    rule.since(),
                    reason == null ? "Changes may go unnoticed." : reason,
                    reason != null && reason.contains("Repair the rule")
                            ? "./tidemill rules repair " + name + ", then ./tidemill rules backfill " + name
                            : "Do what it says, then ./tidemill rules backfill " + name));
        }
        if (rule.unserved()) {
            Duration ago = rule.code().seen().orElse(Duration.ZERO);
            alarms.add(new RuleAlarm(
                    name,
                    Kind.UNSERVED,
                    now.minus(ago),
                    "No process has had its code for " + span(ago) + "; " + counted(rule.pending(), "change") + " "
                            + (rule.pending() == 1 ? "waits." : "wait."),
                    "Start the program that defines it. If none does any more: ./tidemill rules remove " + name));
        }
        if (rule.late()) {
            Duration oldest = rule.oldest().orElse(Duration.ZERO);
            alarms.add(new RuleAlarm(
                    name,
                    Kind.LATE,
                    now.minus(oldest),
                    counted(rule.pending(), "change") + (rule.pending() == 1 ? " waits" : " wait") + ", the first for "
                            + span(oldest) + ".",
                    "./tidemill rules status shows what it takes; more processes with its code share the work"));
        }
        if (rule.parked() > 0) {
            alarms.add(new RuleAlarm(
                    name,
                    Kind.PARKED,
                    rule.parkedSince().orElse(null),
                    counted(rule.parked(), "key") + (rule.parked() == 1 ? " is" : " are")
                            + " parked, because the reaction failed or went in a circle; their changes wait.",
                    "./tidemill rules parked " + name
                            + " shows the errors; mend them and replay the dead letters of kind" + " rule." + name));
        }
        rule.sweep().ifPresent(sweep -> drift(alarms, name, sweep));
        if (rule.slow()) {
            alarms.add(new RuleAlarm(
                    name,
                    Kind.SLOW,
                    null,
                    "A call took " + rule.slowest().orElse(Duration.ZERO).toMillis()
                            + " ms in the last fifteen minutes; the process's other rules waited.",
                    "Look at what the reaction does, or give it .timeout(..): ./tidemill rules status"));
        }
    }

    private static void drift(List<RuleAlarm> alarms, String name, Walk sweep) {
        Instant ended = sweep.ended();
        Instant since = ended == null ? sweep.started() : ended;
        if (sweep.state().equals("FAILED")) {
            alarms.add(new RuleAlarm(
                    name,
                    Kind.DRIFT,
                    since,
                    "The last sweep failed, so that nobody knows of drift: " + sweep.note(),
                    "Mend what it failed of, then ./tidemill rules sweep " + name));
        } else if (sweep.found() > 0) {
            String causes = sweep.byCause().entrySet().stream()
                    .map(cause -> cause.getValue() + " "
                            + cause.getKey().name().toLowerCase(Locale.ROOT).replace('_', ' '))
                    .collect(Collectors.joining(", "));
            alarms.add(new RuleAlarm(
                    name,
                    Kind.DRIFT,
                    since,
                    "The last sweep found " + counted(sweep.found(), "key") + " not as the rule would have it"
                            + (causes.isEmpty() ? "" : " (" + causes + ")") + " and repaired " + sweep.repaired() + ".",
                    "./tidemill rules drift " + name + " shows which; mend the cause, then ./tidemill rules sweep "
                            + name));
        }
    }

    private static String counted(long count, String what) {
        return (count > 100_000 ? "over 100000" : Long.toString(count)) + " " + what + (count == 1 ? "" : "s");
    }

    private static String span(Duration time) {
        long seconds = time.toSeconds();
        return seconds < 120
                ? seconds + " s"
                : seconds < 7_200
                        ? seconds / 60 + " min"
                        : seconds < 172_800 ? seconds / 3_600 + " h" : seconds / 86_400 + " days";
    }
}

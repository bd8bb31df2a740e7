package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.page.Format;
import java.math.BigDecimal;
import java.time.Duration;

/**
 * The alarm of a kind as a form shows it, all values as text.
 *
 * @param minutes over how many it is taken
 */
public record AlarmForm(String kind, String ratio, String atLeast, String minutes) {

    static AlarmForm empty() {
        return new AlarmForm("", "", "", "");
    }

    static AlarmForm of(String kind, FailureAlarm alarm) {
        return new AlarmForm(
                kind,
                Format.decimal(alarm.ratio()),
                Integer.toString(alarm.atLeast()),
                Integer.toString(alarm.minutes()));
    }

    /** What was typed. */
    static AlarmForm of(Form form) {
        return new AlarmForm(form.text("kind"), form.text("ratio"), form.text("at_least"), form.text("minutes"));
    }

    /** The alarm that a form means; what was left empty is as of kinds of which nothing is said. */
    static FailureAlarm alarm(Form form) {
        FailureAlarm usual = FailureAlarm.STANDARD;
        return new FailureAlarm(
                form.decimal("ratio").map(BigDecimal::doubleValue).orElse(usual.ratio()),
                form.whole("at_least").orElse(usual.atLeast()),
                form.whole("minutes").map(Duration::ofMinutes).orElse(usual.within()));
    }

    /** When it is raised, in a few words. */
    public static String when(FailureAlarm alarm) {
        return Format.decimal(alarm.ratio()) + " of at least " + Format.exact(alarm.atLeast()) + " attempts in "
                + (alarm.minutes() == 1 ? "a minute" : alarm.minutes() + " minutes");
    }
}

package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.Breaker;
import dev.tidemill.server.http.Form;
import dev.tidemill.server.page.Format;
import java.math.BigDecimal;
import java.time.Duration;

/**
 * A breaker's settings as a form shows them, all values as text.
 *
 * @param ratio empty for none
 * @param within in seconds, as the other times
 */
public record BreakerForm(
        String name, String failures, String ratio, String atLeast, String within, String openFor, String longest) {

    static BreakerForm empty() {
        return new BreakerForm("", "", "", "", "", "", "");
    }

    static BreakerForm of(Breaker breaker) {
        return new BreakerForm(
                breaker.name(),
                Integer.toString(breaker.failures()),
                breaker.ratio() == null ? "" : Format.decimal(breaker.ratio()),
                Integer.toString(breaker.atLeast()),
                seconds(breaker.within()),
                seconds(breaker.openFor()),
                seconds(breaker.longest()));
    }

    /** What was typed. */
    static BreakerForm of(Form form) {
        return new BreakerForm(
                form.text("name"),
                form.text("failures"),
                form.text("ratio"),
                form.text("at_least"),
                form.text("within"),
                form.text("open_for"),
                form.text("longest"));
    }

    private static String seconds(Duration time) {
        return BigDecimal.valueOf(time.toNanos(), 9).stripTrailingZeros().toPlainString();
    }

    /** The breaker that a form means; what was left empty is as usual. */
    static Breaker breaker(Form form) {
        Breaker usual = Breaker.of(form.required("name"));
        return new Breaker(
                usual.name(),
                form.whole("failures").orElse(usual.failures()),
                form.decimal("ratio").map(BigDecimal::doubleValue).orElse(null),
                form.whole("at_least").orElse(usual.atLeast()),
                form.seconds("within").orElse(usual.within()),
                form.seconds("open_for").orElse(usual.openFor()),
                form.seconds("longest").orElse(usual.longest()));
    }

    /** After what it opens, in a few words. */
    public static String when(Breaker breaker) {
        String inARow =
                Format.exact(breaker.failures()) + (breaker.failures() == 1 ? " failure" : " failures in a row");
        return breaker.ratio() == null
                ? inARow
                : inARow + ", or when " + Format.decimal(breaker.ratio()) + " of at least "
                        + Format.exact(breaker.atLeast()) + " calls in " + Format.duration(breaker.within())
                        + " fail";
    }
}

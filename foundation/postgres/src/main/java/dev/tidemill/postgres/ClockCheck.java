package dev.tidemill.postgres;

import dev.tidemill.jobs.Ailment;
import dev.tidemill.jobs.Severity;
import java.sql.SQLException;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;

/** Whether this process, the database and the schema agree on the time. */
final class ClockCheck {
    private static final long TEST_CLOCK_MICROS = 1_000_000;

    private final InstantSource processClock;

    ClockCheck(InstantSource processClock) {
        this.processClock = processClock;
    }

    /** The answer was made at some time between asking and hearing it: half of that is the doubt. */
    void look(Examination examination) throws SQLException {
        examination.each("checkup_server", rows -> {});
        Instant asked = processClock.instant();
        examination.each("checkup_server", rows -> {
            long tripMicros = asked.until(processClock.instant(), ChronoUnit.MICROS);
            long here = ChronoUnit.MICROS.between(Instant.EPOCH, asked) + tripMicros / 2;
            long schema = rows.getLong(1);
            long server = rows.getLong(2);
            long skewMillis = (here - server) / 1_000;
            if (Math.abs(skewMillis) - tripMicros / 2_000
                    > examination.limits().clockSkew().toMillis()) {
                examination.found(
                        Ailment.CLOCK_SKEW,
                        Severity.WARNING,
                        "This machine's clock is " + Math.abs(skewMillis) + " ms "
                                + (skewMillis > 0 ? "ahead of" : "behind") + " the database's.",
                        "Let both machines follow a time server: timedatectl set-ntp true. Enqueue with delays instead of"
                                + " times where you can.",
                        "skew_ms",
                        skewMillis,
                        "round_trip_ms",
                        tripMicros / 1_000);
            }
            if (Math.abs(schema - server) > TEST_CLOCK_MICROS) {
                examination.found(
                        Ailment.TEST_CLOCK,
                        Severity.CRITICAL,
                        "The schema's clock says " + PostgresDesk.instant(schema) + ", the server's "
                                + PostgresDesk.instant(server) + ": a testing kit's clock is installed.",
                        "Such a schema is for one test: drop it. To keep it, create the function now_micros anew as"
                                + " V001__engine.sql has it.",
                        "off_s",
                        (schema - server) / 1_000_000);
            }
        });
    }
}

package dev.tidemill.chaos;

import java.time.Duration;

/** How often a worker says that it lives, and after how much silence it is dead. */
record Pace(Duration heartbeat, Duration deadAfter) {
    /** For tests that wait for a death. */
    static final Pace BRISK = new Pace(Duration.ofMillis(250), Duration.ofMillis(1_500));

    /** Beats as often, and does not take itself for dead where a test is about to freeze it, on a slow machine. */
    static final Pace BRISK_AND_SURE = new Pace(Duration.ofMillis(250), Duration.ofSeconds(60));

    /** For tests in which nobody may be taken for dead. */
    static final Pace CALM = new Pace(Duration.ofSeconds(2), Duration.ofSeconds(60));
}

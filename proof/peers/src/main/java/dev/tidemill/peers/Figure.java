package dev.tidemill.peers;

import java.util.Locale;

/** What is measured of everyone. */
enum Figure {
    SINGLE_ENQUEUE_PER_S("single enqueues a second, 8 clients", true, ""),
    BULK_ENQUEUE_PER_S("bulk enqueues a second", true, ""),
    DRAIN_PER_S("drained a second", true, ">= 6, all >= 1.4"),
    RSS_MB("resident after the drain, MB", false, ""),
    PICKUP_P50_MS("pick-up when idle, p50 ms", false, "> 1"),
    PICKUP_P95_MS("pick-up when idle, p95 ms", false, "> 1"),
    PICKUP_P99_MS("pick-up when idle, p99 ms", false, "> 1"),
    RESCUE_S("killed in flight, all ran after, s", false, "> 1"),
    FIRST_JOB_S("process start to first job, s", false, "");

    final String title;
    final boolean moreIsBetter;
    /** What our ratio to the best peer should be; empty when nothing was promised. */
    final String aim;

    Figure(String title, boolean moreIsBetter, String aim) {
        this.title = title;
        this.moreIsBetter = moreIsBetter;
        this.aim = aim;
    }

    String key() {
        return name().toLowerCase(Locale.ROOT);
    }
}

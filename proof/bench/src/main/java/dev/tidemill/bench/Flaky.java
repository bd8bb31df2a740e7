package dev.tidemill.bench;

import java.util.concurrent.ThreadLocalRandom;

/** A job whose every try takes a few milliseconds and fails with a chance of one in twenty. */
record Flaky(long id) {
    void attempt() throws InterruptedException {
        Thread.sleep(5);
        if (ThreadLocalRandom.current().nextInt(20) == 0) {
            throw new IllegalStateException("the service behind job " + id + " did not answer");
        }
    }
}

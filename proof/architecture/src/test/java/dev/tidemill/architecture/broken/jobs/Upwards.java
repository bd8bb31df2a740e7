package dev.tidemill.architecture.broken.jobs;

import dev.tidemill.architecture.broken.server.Front;

/** Foundation that knows an app. */
public final class Upwards {
    Front server = new Front();
}

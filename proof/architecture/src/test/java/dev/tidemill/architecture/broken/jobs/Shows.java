package dev.tidemill.architecture.broken.jobs;

import dev.tidemill.architecture.broken.jobs.engine.Machine;

/** API that returns an engine type. */
public final class Shows {
    /** Shows it. */
    public Machine machine() {
        return new Machine();
    }
}

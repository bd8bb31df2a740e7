package dev.tidemill.architecture.broken.jobs.store;

import dev.tidemill.architecture.broken.jobs.engine.Machine;

/** A port that knows who uses it. */
public final class PortOfTheEngine {
    Machine machine = new Machine();
}

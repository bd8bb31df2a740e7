package dev.tidemill.architecture.broken.jobs;

import dev.tidemill.architecture.broken.jobs.engine.Machine;
import java.util.List;

/** API that takes engine types inside another. */
public final class ShowsInAList {
    /** Shows it. */
    public int count(List<Machine> machines) {
        return machines.size();
    }
}

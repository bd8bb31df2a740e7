package dev.tidemill.architecture.broken.postgres;

import dev.tidemill.architecture.broken.jobs.Shows;

/** Rightly knows the jobs. */
public final class Lease {
    Shows shows = new Shows();
}

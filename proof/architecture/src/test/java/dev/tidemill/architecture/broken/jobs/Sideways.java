package dev.tidemill.architecture.broken.jobs;

import dev.tidemill.architecture.broken.postgres.Lease;

/** A room of the foundation that knows one it may not know, which knows it: a cycle as well. */
public final class Sideways {
    Lease lease = new Lease();
}

package dev.tidemill.architecture.broken.jobs.engine;

/** Nobody else's business. */
public final class Machine {}

package dev.tidemill.bench;

/** A job that takes its time. */
record Slow(long millis) {}

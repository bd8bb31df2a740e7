package dev.tidemill.architecture.broken.attic;

/** In a room that nobody knows. */
public final class Stranger {}

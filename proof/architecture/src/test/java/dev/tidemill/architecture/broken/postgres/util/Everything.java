package dev.tidemill.architecture.broken.postgres.util;

/** In a package that names nothing. */
public final class Everything {}

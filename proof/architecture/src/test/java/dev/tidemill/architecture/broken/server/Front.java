package dev.tidemill.architecture.broken.server;

/** An app. */
public final class Front {}

package dev.tidemill.jobs;

import java.time.Instant;

/**
 * A line that a handler logged with {@link Run#log}.
 *
 * @param attempt which attempt it belongs to, from 1
 * @param at when, by the database's clock
 * @param level how much it matters
 * @param text at most 2,000 characters
 */
public record LogLine(int attempt, Instant at, LogLevel level, String text) {}

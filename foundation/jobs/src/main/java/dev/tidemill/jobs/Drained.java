package dev.tidemill.jobs;

import java.time.Instant;

/**
 * A node that claims nothing until it is called back.
 *
 * @param node its name
 * @param since since when, by the database's clock
 * @param by who asked for it
 * @param reason why
 * @param alive how many living nodes have this name; the drain holds for each, and for those that come
 * @param holding jobs that they still hold: run, or are about to give back
 */
public record Drained(String node, Instant since, String by, String reason, long alive, long holding) {}

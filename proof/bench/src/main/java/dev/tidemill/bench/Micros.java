package dev.tidemill.bench;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedQueue;

/** Durations in microseconds and their percentiles, exact. Thread safe while it gathers. */
public final class Micros {
    private final ConcurrentLinkedQueue<Long> values = new ConcurrentLinkedQueue<>();

    /** With nothing in it. */
    public Micros() {}

    /** The machine's clock; the same for all processes on it. */
    public static long now() {
        return ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    }

    /** Gathers one. */
    public void add(long micros) {
        values.add(micros);
    }

    /** How many were gathered. */
    public int count() {
        return values.size();
    }

    /** p50, p95 and p99 in milliseconds, by nearest rank. */
    public Map<String, Double> percentiles() {
        long[] sorted = values.stream().mapToLong(Long::longValue).sorted().toArray();
        Map<String, Double> percentiles = new LinkedHashMap<>();
        for (int p : new int[] {50, 95, 99}) {
            percentiles.put("p" + p, rank(sorted, p) / 1_000.0);
        }
        return percentiles;
    }

    private static long rank(long[] sorted, int percent) {
        return sorted.length == 0 ? 0 : sorted[Math.max(0, (int) Math.ceil(sorted.length * percent / 100.0) - 1)];
    }
}

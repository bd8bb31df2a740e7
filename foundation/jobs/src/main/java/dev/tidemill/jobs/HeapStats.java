package dev.tidemill.jobs;

/**
 * How full this process's heap is, as its guard sees it: what was in use after garbage collections.
 *
 * @param pool the memory pool of what lives long; empty if this JVM tells of none, which means no guard
 * @param usedBytes in use after the last collections; 0 before the first
 * @param maxBytes the most it may have; 0 if that is not known, which means no guard
 * @param holding whether the process claims hardly anything, because there is too little left
 * @param held how often that began since the process started
 */
public record HeapStats(String pool, long usedBytes, long maxBytes, boolean holding, long held) {}

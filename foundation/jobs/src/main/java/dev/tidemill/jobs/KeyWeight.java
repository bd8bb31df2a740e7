package dev.tidemill.jobs;

/**
 * How many turns a key of a queue has where others have one.
 *
 * @param queue the queue; where its keys do not take turns, the weight waits until they do
 * @param key the key
 * @param weight 2 to 16; a key with one turn is like all others, and not told of
 */
public record KeyWeight(String queue, String key, int weight) {}

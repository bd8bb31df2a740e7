package dev.tidemill.server.http;

/**
 * What requests pass before they reach a route.
 *
 * @param gate who comes in
 * @param proxies whose word counts on where a request came from
 * @param bodyLimitBytes the longest body
 */
public record Front(Gate gate, Proxies proxies, int bodyLimitBytes) {}

package dev.tidemill.server.http;

/**
 * What requests pass before they reach a route.
 *
 * @param gate who comes in
 * @param proxies whose word counts on where a request came from
 * @param bodyLimitBytes the longest body
 * @param cors whose pages may use the API from browsers
 * @param rates how many requests each caller and each address may send
 * @param spans where requests are traced
 */
public record Front(Gate gate, Proxies proxies, int bodyLimitBytes, Cors cors, RateLimit rates, Spans spans) {}

package dev.tidemill.server.access;

/**
 * What the page to log in shows.
 *
 * @param users whether there are any, who would log in by name
 * @param token whether the server has a token, which logs in too
 * @param byToken whether the token was tried
 * @param name the name that was tried; empty for none
 * @param next the path to go on with
 * @param message what was wrong; empty for nothing
 */
public record LoginForm(boolean users, boolean token, boolean byToken, String name, String next, String message) {}

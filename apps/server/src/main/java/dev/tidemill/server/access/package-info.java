/** Who may use the server: users, sessions, API keys, and the ways in. */
@NullMarked
package dev.tidemill.server.access;

import org.jspecify.annotations.NullMarked;

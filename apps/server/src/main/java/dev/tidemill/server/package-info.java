/** The HTTP server around a Tidemill: API, live page, metrics and logging. */
@NullMarked
package dev.tidemill.server;

import org.jspecify.annotations.NullMarked;

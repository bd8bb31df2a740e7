/** The HTTP server around a Tidemill: API, dashboard, metrics and logging. */
@NullMarked
package dev.tidemill.server;

import org.jspecify.annotations.NullMarked;

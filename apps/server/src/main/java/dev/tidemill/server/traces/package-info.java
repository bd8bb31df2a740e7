/** Traces of requests, by OpenTelemetry. */
@NullMarked
package dev.tidemill.server.traces;

import org.jspecify.annotations.NullMarked;

/** Traces of jobs, by OpenTelemetry. */
@NullMarked
package dev.tidemill.tracing;

import org.jspecify.annotations.NullMarked;

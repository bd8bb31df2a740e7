/** Meters of jobs, caches and calls to others, for Micrometer. */
@NullMarked
package dev.tidemill.metrics;

import org.jspecify.annotations.NullMarked;

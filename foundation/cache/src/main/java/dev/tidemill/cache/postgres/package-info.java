/** The shared tier and the log of invalidations on PostgreSQL. */
@NullMarked
package dev.tidemill.cache.postgres;

import org.jspecify.annotations.NullMarked;

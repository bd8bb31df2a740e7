/** The ports: what a shared tier and a log of invalidations do for the cache. */
@NullMarked
package dev.tidemill.cache.tier;

import org.jspecify.annotations.NullMarked;

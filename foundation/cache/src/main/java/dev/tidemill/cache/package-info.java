/** A cache of three tiers: this process, one that all nodes share, and the origin. */
@NullMarked
package dev.tidemill.cache;

import org.jspecify.annotations.NullMarked;

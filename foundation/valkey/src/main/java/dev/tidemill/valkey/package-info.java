/** Valkey or Redis as the tier of the cache that all nodes share. */
@NullMarked
package dev.tidemill.valkey;

import org.jspecify.annotations.NullMarked;

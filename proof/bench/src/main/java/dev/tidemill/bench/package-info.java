/** Measures what Tidemill does, with the conditions beside every figure. */
@NullMarked
package dev.tidemill.bench;

import org.jspecify.annotations.NullMarked;

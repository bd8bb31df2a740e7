/** Workers that are killed, frozen and cut off, and a ledger that tells what came of every job. */
@NullMarked
package dev.tidemill.chaos;

import org.jspecify.annotations.NullMarked;

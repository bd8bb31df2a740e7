/** The rules on the house itself, and the proof that each of them can fail. */
@NullMarked
package dev.tidemill.architecture;

import org.jspecify.annotations.NullMarked;

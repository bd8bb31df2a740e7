/** How changes of tables are noticed. */
@NullMarked
package dev.tidemill.rules.capture;

import org.jspecify.annotations.NullMarked;

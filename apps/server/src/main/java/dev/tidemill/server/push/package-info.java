/** Jobs on their way to handlers in any language. */
@NullMarked
package dev.tidemill.server.push;

import org.jspecify.annotations.NullMarked;

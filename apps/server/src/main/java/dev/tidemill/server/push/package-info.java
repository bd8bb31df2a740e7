/** Jobs on their way to handlers in any language: endpoints, and what is sent to them. */
@NullMarked
package dev.tidemill.server.push;

import org.jspecify.annotations.NullMarked;

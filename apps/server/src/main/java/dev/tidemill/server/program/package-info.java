/** What the server has in common with the other programs of the house. */
@NullMarked
package dev.tidemill.server.program;

import org.jspecify.annotations.NullMarked;

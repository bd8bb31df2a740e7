/** The caches of a process, as a server shows and serves them. */
@NullMarked
package dev.tidemill.server.caches;

import org.jspecify.annotations.NullMarked;

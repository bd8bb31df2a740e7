/** What monitoring reads. */
@NullMarked
package dev.tidemill.server.meters;

import org.jspecify.annotations.NullMarked;

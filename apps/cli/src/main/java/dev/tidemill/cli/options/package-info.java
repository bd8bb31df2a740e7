/** What commands share: which database, who asks, which jobs, and where the answer goes. */
@NullMarked
package dev.tidemill.cli.options;

import org.jspecify.annotations.NullMarked;

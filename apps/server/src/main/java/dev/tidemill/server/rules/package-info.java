/** The rules on data changes, as API, pages and meters ask for them. */
@NullMarked
package dev.tidemill.server.rules;

import org.jspecify.annotations.NullMarked;

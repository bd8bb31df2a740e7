/** Rules on data changes, from the command line. */
@NullMarked
package dev.tidemill.cli.rules;

import org.jspecify.annotations.NullMarked;

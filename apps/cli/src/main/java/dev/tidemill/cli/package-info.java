/** The command line: one class a command. */
@NullMarked
package dev.tidemill.cli;

import org.jspecify.annotations.NullMarked;

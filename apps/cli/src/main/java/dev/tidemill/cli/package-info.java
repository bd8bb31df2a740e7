/** The command line: the program, and the commands in rooms of their own. */
@NullMarked
package dev.tidemill.cli;

import org.jspecify.annotations.NullMarked;

/** What a person's terminal is shown: tables, colours, progress. Pipes get the same text, plain and whole. */
@NullMarked
package dev.tidemill.cli.terminal;

import org.jspecify.annotations.NullMarked;

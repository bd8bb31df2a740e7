/** What a program that calls the command line reads: JSON, named as over HTTP. */
@NullMarked
package dev.tidemill.cli.json;

import org.jspecify.annotations.NullMarked;

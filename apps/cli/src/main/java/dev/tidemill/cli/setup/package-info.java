/** What sets Tidemill up: migrations, the server, completion in shells. */
@NullMarked
package dev.tidemill.cli.setup;

import org.jspecify.annotations.NullMarked;

/** Who may use the server: its users and API keys. */
@NullMarked
package dev.tidemill.cli.access;

import org.jspecify.annotations.NullMarked;

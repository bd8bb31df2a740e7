/** The tables that the server keeps beside the jobs. */
@NullMarked
package dev.tidemill.server.tables;

import org.jspecify.annotations.NullMarked;

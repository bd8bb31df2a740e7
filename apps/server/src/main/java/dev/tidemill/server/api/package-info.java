/** The JSON API, a class for each family of routes. */
@NullMarked
package dev.tidemill.server.api;

import org.jspecify.annotations.NullMarked;

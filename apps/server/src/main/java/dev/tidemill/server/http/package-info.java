/** How requests come in and answers go out: routes, access, bodies and problems. */
@NullMarked
package dev.tidemill.server.http;

import org.jspecify.annotations.NullMarked;

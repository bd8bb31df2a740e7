/** What all pages stand in, and the overview: what is sampled, how it is rendered, and how it reaches the browsers. */
@NullMarked
package dev.tidemill.server.page;

import org.jspecify.annotations.NullMarked;

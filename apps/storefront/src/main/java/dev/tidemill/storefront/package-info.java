/** The sample shop, and the demo around it. */
@NullMarked
package dev.tidemill.storefront;

import org.jspecify.annotations.NullMarked;

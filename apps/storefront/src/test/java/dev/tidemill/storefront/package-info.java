@NullMarked
package dev.tidemill.storefront;

import org.jspecify.annotations.NullMarked;

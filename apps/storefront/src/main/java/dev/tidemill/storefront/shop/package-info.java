/** The shop itself: customers, carts and orders, and the jobs they give rise to. */
@NullMarked
package dev.tidemill.storefront.shop;

import org.jspecify.annotations.NullMarked;

/** What the shop sells: categories, products, prices and the search, read from the cache and kept warm by jobs. */
@NullMarked
package dev.tidemill.storefront.catalogue;

import org.jspecify.annotations.NullMarked;

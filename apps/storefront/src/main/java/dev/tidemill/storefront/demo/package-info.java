/** What the demo adds to the shop: a mail server, a page that shows what arrived, and visitors. */
@NullMarked
package dev.tidemill.storefront.demo;

import org.jspecify.annotations.NullMarked;

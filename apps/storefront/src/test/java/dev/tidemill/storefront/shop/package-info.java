@NullMarked
package dev.tidemill.storefront.shop;

import org.jspecify.annotations.NullMarked;

/** The shop over HTTP: pages for people, JSON for programs. */
@NullMarked
package dev.tidemill.storefront.web;

import org.jspecify.annotations.NullMarked;

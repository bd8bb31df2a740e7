/** The shop's e-mails: what they say, and how a job sends them. */
@NullMarked
package dev.tidemill.storefront.mail;

import org.jspecify.annotations.NullMarked;

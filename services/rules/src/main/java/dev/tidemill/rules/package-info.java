/** Reactions to writes on the tables of an application, whoever made them. */
@NullMarked
package dev.tidemill.rules;

import org.jspecify.annotations.NullMarked;

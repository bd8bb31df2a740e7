/** Brings the tables of a component up to date, however many processes start at the same time. */
@NullMarked
package dev.tidemill.schema;

import org.jspecify.annotations.NullMarked;

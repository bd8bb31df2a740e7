@NullMarked
package dev.tidemill.postgres;

import org.jspecify.annotations.NullMarked;

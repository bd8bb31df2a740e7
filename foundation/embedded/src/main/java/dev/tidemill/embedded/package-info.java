@NullMarked
package dev.tidemill.embedded;

import org.jspecify.annotations.NullMarked;

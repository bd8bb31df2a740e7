@NullMarked
package dev.tidemill.testkit;

import org.jspecify.annotations.NullMarked;

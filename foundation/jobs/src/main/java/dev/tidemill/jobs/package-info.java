@NullMarked
package dev.tidemill.jobs;

import org.jspecify.annotations.NullMarked;

/** Jobs and dead letters: look at them, enqueue, steer, follow. */
@NullMarked
package dev.tidemill.cli.jobs;

import org.jspecify.annotations.NullMarked;

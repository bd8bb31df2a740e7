/**
 * What an application sees: enqueue jobs, register handlers, look at what became of them.
 *
 * <p>{@link dev.tidemill.jobs.Tidemill} is the way in.
 */
@NullMarked
package dev.tidemill.jobs;

import org.jspecify.annotations.NullMarked;

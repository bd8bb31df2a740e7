/**
 * What the engine asks of a job store, split by use. Applications never call this; a store implements it.
 *
 * <p>Times are microseconds of the database's clock since the epoch, because the hot path handles thousands of them
 * a statement. Every method may throw {@link dev.tidemill.jobs.store.StoreException}, after which nothing was
 * written unless it says that the outcome is unknown.
 */
@NullMarked
package dev.tidemill.jobs.store;

import org.jspecify.annotations.NullMarked;

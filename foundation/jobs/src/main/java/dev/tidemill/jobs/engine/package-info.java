/**
 * What happens between enqueue and outcome. One job's way: {@link dev.tidemill.jobs.engine.Enqueuer} writes it,
 * {@link dev.tidemill.jobs.engine.ClaimLoop} claims it, {@link dev.tidemill.jobs.engine.QueueRunner} gives it a
 * thread, {@link dev.tidemill.jobs.engine.RunningJob} runs it, {@link dev.tidemill.jobs.engine.Finisher} writes what
 * came of it. {@link dev.tidemill.jobs.engine.Node} keeps the epoch that all of this counts under.
 */
@NullMarked
package dev.tidemill.jobs.engine;

import org.jspecify.annotations.NullMarked;

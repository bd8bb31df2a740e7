/**
 * Jobs in tests. {@link dev.tidemill.testkit.TestMill} runs an application's jobs when the test says so;
 * {@link dev.tidemill.testkit.FreshSchema} gives a test class a schema; the contracts are what every job store passes.
 */
@NullMarked
package dev.tidemill.testkit;

import org.jspecify.annotations.NullMarked;

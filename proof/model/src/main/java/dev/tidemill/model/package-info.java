/**
 * The engine's protocol as a model small enough to try every interleaving of.
 *
 * <p>{@link dev.tidemill.model.Database} is PostgreSQL as the protocol needs it: rows, transactions under READ COMMITTED
 * (every statement sees what was committed when it began), row locks, unique keys that are waited for, and statements
 * that waited and go on with the snapshot they had. {@link dev.tidemill.model.Protocol} are the engine's sessions,
 * statement by statement. {@link dev.tidemill.model.Checker} tries all orders of their steps, with processes that die,
 * stand still, and lose answers in between, and returns the shortest way to a state that must not be.
 */
@NullMarked
package dev.tidemill.model;

import org.jspecify.annotations.NullMarked;

/** A fresh PostgreSQL schema for each test class, and the contract that every job store passes. */
@NullMarked
package dev.tidemill.testkit;

import org.jspecify.annotations.NullMarked;

/** A fresh PostgreSQL schema for each test class. */
@NullMarked
package dev.tidemill.testkit;

import org.jspecify.annotations.NullMarked;

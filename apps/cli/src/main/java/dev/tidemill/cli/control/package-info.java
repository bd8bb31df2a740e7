/** What steers all of it: pauses, limits, schedules, breakers, nodes, leases, retention. */
@NullMarked
package dev.tidemill.cli.control;

import org.jspecify.annotations.NullMarked;

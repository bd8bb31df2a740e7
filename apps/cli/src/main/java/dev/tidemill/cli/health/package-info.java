/** How things stand: statistics, queues, nodes, the doctor, the audit trail. */
@NullMarked
package dev.tidemill.cli.health;

import org.jspecify.annotations.NullMarked;

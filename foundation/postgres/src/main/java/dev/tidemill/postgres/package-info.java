/**
 * The job store on PostgreSQL 15 and newer: the schema and its migrations, the intake, the claim, the finish, the
 * fence, the rescue and the wake-ups. docs/protocol.md says why each has the shape it has.
 */
@NullMarked
package dev.tidemill.postgres;

import org.jspecify.annotations.NullMarked;

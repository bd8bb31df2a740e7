/**
 * What happens by itself when the shop's data change, whoever changed them: the shop, another service, a person at psql.
 * One class a process; {@link dev.tidemill.storefront.processes.Processes} says which rule leads to which.
 */
@NullMarked
package dev.tidemill.storefront.processes;

import org.jspecify.annotations.NullMarked;

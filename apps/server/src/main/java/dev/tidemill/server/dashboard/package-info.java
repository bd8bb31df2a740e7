/** The rooms of the dashboard: what each page shows, and what the forms on it do. */
@NullMarked
package dev.tidemill.server.dashboard;

import org.jspecify.annotations.NullMarked;

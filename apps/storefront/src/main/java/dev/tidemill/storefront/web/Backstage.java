package dev.tidemill.storefront.web;

import org.jspecify.annotations.Nullable;

/**
 * Pages that are not the shop's own but worth a link.
 *
 * @param mailUrl where the demo shows what arrived; null outside the demo
 * @param adminUrl where the jobs are shown; null if nowhere
 */
public record Backstage(@Nullable String mailUrl, @Nullable String adminUrl) {}

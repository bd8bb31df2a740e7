package dev.tidemill.storefront.demo;

import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * A message that arrived.
 *
 * @param id grows with every message
 * @param messageId its Message-ID header
 * @param recipient who it is for
 * @param sender who it is from
 * @param subject its subject
 * @param text its plain text; empty if it has none, or where messages are listed
 * @param html its HTML; null if it has none, or where messages are listed
 * @param arrivedAt when it first came
 * @param deliveries how often it came: a crash between sending and noting that sends it again
 */
public record Mail(
        long id,
        String messageId,
        String recipient,
        String sender,
        String subject,
        String text,
        @Nullable String html,
        Instant arrivedAt,
        int deliveries) {}

package dev.tidemill.storefront.mail;

/**
 * An e-mail, ready to go.
 *
 * @param messageId its Message-ID without the angle brackets; the same for every try at sending it
 * @param name the recipient's name
 * @param address the recipient's address
 * @param subject one line
 * @param text for readers of plain text
 * @param html for everybody else
 */
public record Letter(String messageId, String name, String address, String subject, String text, String html) {}

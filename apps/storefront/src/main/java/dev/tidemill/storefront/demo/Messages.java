package dev.tidemill.storefront.demo;

import jakarta.mail.Address;
import jakarta.mail.BodyPart;
import jakarta.mail.MessagingException;
import jakarta.mail.Multipart;
import jakarta.mail.Part;
import jakarta.mail.internet.InternetAddress;
import jakarta.mail.internet.MimeMessage;
import java.io.IOException;
import java.time.Instant;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** Reads what arrived: the first plain text and the first HTML of a message. */
final class Messages {
    private static final int MAX_DEPTH = 10;

    private Messages() {}

    static Mail read(MimeMessage message, String recipient) throws MessagingException, IOException {
        String id = message.getMessageID();
        String text = find(message, "text/plain", 0);
        return new Mail(
                0,
                id == null ? "none-" + UUID.randomUUID() : id.replaceAll("^<|>$", ""),
                recipient,
                sender(message),
                Objects.requireNonNullElse(message.getSubject(), "(no subject)"),
                text == null ? "" : text,
                find(message, "text/html", 0),
                Instant.EPOCH,
                1);
    }

    private static String sender(MimeMessage message) throws MessagingException {
        Address[] from = message.getFrom();
        if (from == null || from.length == 0) {
            return "(nobody)";
        }
        return from[0] instanceof InternetAddress address ? address.toUnicodeString() : from[0].toString();
    }

    private static @Nullable String find(Part part, String type, int depth) throws MessagingException, IOException {
        if (part.isMimeType(type)) {
            return part.getContent() instanceof String text ? text : null;
        }
        if (depth < MAX_DEPTH && part.isMimeType("multipart/*") && part.getContent() instanceof Multipart parts) {
            for (int index = 0; index < parts.getCount(); index++) {
                BodyPart next = parts.getBodyPart(index);
                String found = find(next, type, depth + 1);
                if (found != null) {
                    return found;
                }
            }
        }
        return null;
    }
}

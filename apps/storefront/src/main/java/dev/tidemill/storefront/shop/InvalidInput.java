package dev.tidemill.storefront.shop;

import java.util.Map;

/** What a customer typed breaks a rule; nothing was written. */
public final class InvalidInput extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final transient Map<String, String> messages;

    /** One field. */
    public InvalidInput(String field, String message) {
        this(Map.of(field, message));
    }

    /** Several fields at once: name of the field to what is wrong with it. */
    public InvalidInput(Map<String, String> messages) {
        super(String.join(" ", messages.values()));
        this.messages = Map.copyOf(messages);
    }

    /** Name of the field to what is wrong with it, fit for the customer's eyes. */
    public Map<String, String> messages() {
        return messages;
    }
}

package dev.tidemill.storefront.shop;

import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * How a subscription stands. There is one stored spelling of each; what people read is apart from it and may change
 * without a stored row changing. Others who write the table spell it as they like: {@link #read} knows the usual ways.
 */
public enum SubscriptionStatus {
    /** Paid for. */
    ACTIVE("Active"),
    /** A payment is late. */
    PAST_DUE("Payment overdue"),
    /** Stopped for a while. */
    PAUSED("Paused"),
    /** Ended. British readers see their spelling; the stored value has one l. */
    CANCELED("Cancelled");

    /** The same as the function {@code shop.canonical_status}: letters only, in lower case. */
    private static final Map<String, SubscriptionStatus> SPELLINGS = Map.ofEntries(
            Map.entry("active", ACTIVE),
            Map.entry("activ", ACTIVE),
            Map.entry("activated", ACTIVE),
            Map.entry("pastdue", PAST_DUE),
            Map.entry("overdue", PAST_DUE),
            Map.entry("unpaid", PAST_DUE),
            Map.entry("paused", PAUSED),
            Map.entry("pause", PAUSED),
            Map.entry("onhold", PAUSED),
            Map.entry("canceled", CANCELED),
            Map.entry("cancelled", CANCELED),
            Map.entry("cancel", CANCELED),
            Map.entry("canceld", CANCELED),
            Map.entry("cancled", CANCELED));

    private static final int SHOWN = 40;

    private final String text;

    SubscriptionStatus(String text) {
        this.text = text;
    }

    /** How it is stored: {@code active}, {@code past_due}, {@code paused}, {@code canceled}. */
    public String stored() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** What people read. */
    public String text() {
        return text;
    }

    /** What a spelling stands for; empty for a word that nobody knows. */
    public static Optional<SubscriptionStatus> read(String spelling) {
        String letters = spelling.chars()
                .map(letter -> letter >= 'A' && letter <= 'Z' ? letter + ('a' - 'A') : letter)
                .filter(letter -> letter >= 'a' && letter <= 'z')
                .mapToObj(Character::toString)
                .collect(Collectors.joining());
        return Optional.ofNullable(SPELLINGS.get(letters));
    }

    /**
     * What a client sent, in any known spelling.
     *
     * @throws InvalidInput if it is none
     */
    public static SubscriptionStatus of(@Nullable String typed) {
        String spelling = Objects.requireNonNullElse(typed, "");
        return read(spelling).orElseThrow(() -> {
            String shown = spelling.length() > SHOWN ? spelling.substring(0, SHOWN) + "…" : spelling;
            return new InvalidInput("status", "There is no status '" + shown + "'; give one of " + all() + ".");
        });
    }

    private static String all() {
        return Stream.of(values()).map(SubscriptionStatus::stored).collect(Collectors.joining(", "));
    }

    /** What people read for a stored value, a customer's {@code none} included. */
    public static String display(String stored) {
        return read(stored).map(SubscriptionStatus::text).orElse(stored.equals("none") ? "None" : "Being checked");
    }
}

package dev.tidemill.storefront.shop;

import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** What can be subscribed to. */
public enum Plan {
    /** Every month. */
    MORNING("Morning box", "A candle, a notebook and something for the mug, every month.", 1_900),
    /** Four times a year. */
    SEASON("Season box", "The large one, at the turn of each season.", 5_900);

    private final String title;
    private final String blurb;
    private final long cents;

    Plan(String title, String blurb, long cents) {
        this.title = title;
        this.blurb = blurb;
        this.cents = cents;
    }

    /** Its name for people. */
    public String title() {
        return title;
    }

    /** One sentence. */
    public String blurb() {
        return blurb;
    }

    /** Its price a delivery, in cents of a euro. */
    public long cents() {
        return cents;
    }

    /** Its name in tables and requests. */
    public String stored() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** By its name in tables and requests; empty if there is none of that name. */
    public static Optional<Plan> read(@Nullable String name) {
        return Stream.of(values())
                .filter(plan -> plan.stored().equals(Objects.requireNonNullElse(name, "")))
                .findFirst();
    }

    /**
     * By what a client sent.
     *
     * @throws InvalidInput if there is no such plan
     */
    public static Plan of(@Nullable String typed) {
        return read(typed).orElseThrow(() -> new InvalidInput("plan", "Choose a plan: morning or season."));
    }
}

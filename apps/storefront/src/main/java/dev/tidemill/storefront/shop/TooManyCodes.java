package dev.tidemill.storefront.shop;

/** More codes were asked for than an address gets in a while; nothing was sent. */
public final class TooManyCodes extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** With the rule in its message. */
    public TooManyCodes(int limit, long minutes) {
        super("An address gets at most " + limit + " codes in " + minutes
                + " minutes. Use the newest e-mail, or wait a few minutes.");
    }
}

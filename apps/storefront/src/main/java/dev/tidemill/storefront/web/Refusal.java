package dev.tidemill.storefront.web;

import java.util.Map;

/** A request that is not answered as asked, with the reason for people. */
final class Refusal extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final int status;
    private final String title;
    private final transient Map<String, String> fields;

    Refusal(int status, String title, String detail, Map<String, String> fields) {
        super(detail);
        this.status = status;
        this.title = title;
        this.fields = Map.copyOf(fields);
    }

    Refusal(int status, String title, String detail) {
        this(status, title, detail, Map.of());
    }

    static Refusal notFound() {
        return new Refusal(404, "Nothing here", "There is no page at this address, or it is not yours to see.");
    }

    static Refusal signInFirst() {
        return new Refusal(401, "Sign in first", "This needs a signed-in customer.");
    }

    int status() {
        return status;
    }

    String title() {
        return title;
    }

    Map<String, String> fields() {
        return fields;
    }
}

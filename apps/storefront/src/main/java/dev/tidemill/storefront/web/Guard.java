package dev.tidemill.storefront.web;

import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.http.Method;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.util.Optional;

/**
 * Keeps other sites out. The shop listens on the loopback address only, so what is left are pages that the same
 * browser shows: one of another site may send forms here, or have its own name resolved to this address. A Host that is
 * no loopback name is refused, and so is a form whose Origin is not the shop.
 */
final class Guard {
    private static final HeaderName CSP = HeaderNames.create("Content-Security-Policy");
    private static final HeaderName NOSNIFF = HeaderNames.create("X-Content-Type-Options");
    private static final HeaderName REFERRER = HeaderNames.create("Referrer-Policy");
    private static final String POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self';"
            + " connect-src 'self'; frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    private Guard() {}

    static void check(ServerRequest request) {
        String host = request.headers().first(HeaderNames.HOST).orElse("");
        if (!isLoopback(host)) {
            throw new Refusal(403, "Wrong address", "The shop is reached as localhost or 127.0.0.1 only.");
        }
        boolean reads = request.prologue().method().equals(Method.GET)
                || request.prologue().method().equals(Method.HEAD);
        Optional<String> origin = request.headers().first(HeaderNames.ORIGIN);
        if (!reads && origin.isPresent() && !host.equalsIgnoreCase(authority(origin.get()))) {
            throw new Refusal(403, "Not from here", "This form was sent by a page of another site.");
        }
    }

    static void protect(ServerResponse response) {
        response.header(CSP, POLICY);
        response.header(NOSNIFF, "nosniff");
        response.header(REFERRER, "same-origin");
        response.header(HeaderNames.CACHE_CONTROL, "no-store");
    }

    static boolean isLoopback(String hostAndPort) {
        String host = hostAndPort.replaceFirst(":[0-9]{1,5}$", "");
        return host.equalsIgnoreCase("localhost") || host.equals("[::1]") || host.matches("127(\\.[0-9]{1,3}){3}");
    }

    private static String authority(String origin) {
        try {
            return String.valueOf(URI.create(origin).getRawAuthority());
        } catch (IllegalArgumentException malformed) {
            return "";
        }
    }
}

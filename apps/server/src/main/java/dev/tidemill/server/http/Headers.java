package dev.tidemill.server.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.webserver.http.ServerResponse;
import java.util.List;

/** The headers that every answer carries; a route may set its own in place of one. */
final class Headers {
    private static final List<Header> SECURITY = List.of(
            header(
                    "Content-Security-Policy",
                    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
                            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"),
            header("X-Content-Type-Options", "nosniff"),
            header("X-Frame-Options", "DENY"),
            // Not no-referrer: browsers would then send "Origin: null" with our own forms.
            header("Referrer-Policy", "same-origin"),
            header("Cross-Origin-Resource-Policy", "same-origin"),
            header("Cross-Origin-Opener-Policy", "same-origin"),
            header("Cache-Control", "no-store"));

    /** A year; what else the host's name has below it is its owner's to decide. */
    private static final Header HTTPS_ONLY = header("Strict-Transport-Security", "max-age=31536000");

    private Headers() {}

    private static Header header(String name, String value) {
        return HeaderValues.createCached(HeaderNames.create(name), value);
    }

    static void secure(Call call, ServerResponse response) {
        SECURITY.forEach(response::header);
        if (call.secure()) {
            response.header(HTTPS_ONLY);
        }
    }
}

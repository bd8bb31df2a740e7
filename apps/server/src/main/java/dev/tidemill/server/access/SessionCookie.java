package dev.tidemill.server.access;

import dev.tidemill.server.http.Call;
import java.util.Optional;

/**
 * The cookie of a session. By https it is called {@code __Host-tidemill}, which browsers take from this very host by
 * https only, for all paths, and from no neighbour; by http, as on the loopback address, {@code tidemill_session}. No
 * script reads it and no other site's request carries it. It ends with the browser; how long the session holds is for
 * the database to say.
 */
final class SessionCookie {
    private static final String HTTPS = "__Host-tidemill";
    private static final String HTTP = "tidemill_session";
    private static final String ATTRIBUTES = "; Path=/; HttpOnly; SameSite=Strict";

    private SessionCookie() {}

    /** The value that the browser sent. Where https is known, the name that only https can have set counts alone. */
    static Optional<String> of(Call call) {
        Optional<String> host = call.cookie(HTTPS);
        return host.isPresent() || call.secure() ? host : call.cookie(HTTP);
    }

    /** The {@code Set-Cookie} of a new session. */
    static String set(Call call, String secret) {
        return name(call) + "=" + secret + ATTRIBUTES + (call.browsedByHttps() ? "; Secure" : "");
    }

    /** The {@code Set-Cookie} that takes it back. */
    static String end(Call call) {
        return name(call) + "=" + ATTRIBUTES + "; Max-Age=0" + (call.browsedByHttps() ? "; Secure" : "");
    }

    private static String name(Call call) {
        return call.browsedByHttps() ? HTTPS : HTTP;
    }
}

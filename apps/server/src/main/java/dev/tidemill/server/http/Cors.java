package dev.tidemill.server.http;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import io.helidon.http.HeaderName;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.ServerResponse;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Collection;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;

/**
 * The origins whose pages may use the API from browsers (CORS); none unless they are named. A page of such an origin
 * sends an API key like any program: cookies are not taken from there, so a log-in here lends nothing to other sites.
 * Immutable.
 */
public final class Cors {
    /** No other origin. */
    public static final Cors OFF = new Cors(Set.of());

    private static final String REQUEST_HEADERS =
            "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, traceparent, tracestate";
    private static final String ANSWER_HEADERS =
            "ETag, Idempotent-Replayed, Location, RateLimit, RateLimit-Policy, Retry-After";

    private static final HeaderName VARY = HeaderNames.create("Vary");
    private static final HeaderName ALLOW_ORIGIN = HeaderNames.create("Access-Control-Allow-Origin");
    private static final HeaderName EXPOSE = HeaderNames.create("Access-Control-Expose-Headers");
    private static final HeaderName RESOURCE_POLICY = HeaderNames.create("Cross-Origin-Resource-Policy");

    private final Set<String> origins;

    private Cors(Set<String> origins) {
        this.origins = Set.copyOf(origins);
    }

    /**
     * These origins.
     *
     * @param origins each as browsers send it: {@code https://app.example.com}, with a port if it has one
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if one is written otherwise
     */
    public static Cors of(Collection<String> origins) {
        Set<String> known = new HashSet<>();
        for (String origin : origins) {
            known.add(checked(origin));
        }
        return new Cors(known);
    }

    private static String checked(String origin) {
        try {
            URI uri = new URI(origin);
            String scheme = String.valueOf(uri.getScheme()).toLowerCase(Locale.ROOT);
            boolean bare = uri.getRawPath() != null
                    && uri.getRawPath().isEmpty()
                    && uri.getRawQuery() == null
                    && uri.getRawFragment() == null
                    && uri.getRawUserInfo() == null
                    && uri.getHost() != null;
            if (bare && (scheme.equals("https") || scheme.equals("http"))) {
                return origin.toLowerCase(Locale.ROOT);
            }
        } catch (URISyntaxException malformed) {
            // Refused below like an origin with a path.
        }
        throw new TidemillException(
                ErrorCode.INVALID_OPTION,
                "The origin '" + origin + "' is none: write it as https://app.example.com, without a path. There is no"
                        + " wildcard; name each.");
    }

    /**
     * Whether a request is from a page of one of them, and for the API; if so its browser is told that it may hand the answer
     * on.
     */
    boolean greet(Call call, ServerResponse response) {
        if (origins.isEmpty()) {
            return false;
        }
        response.header(VARY, "Origin");
        boolean invited = allows(call);
        if (invited) {
            response.header(ALLOW_ORIGIN, call.header("Origin").orElse(""));
            response.header(EXPOSE, ANSWER_HEADERS);
            response.header(RESOURCE_POLICY, "cross-origin");
        }
        return invited;
    }

    private boolean allows(Call call) {
        return (call.target().startsWith("/api/") || call.target().equals("/openapi.json"))
                && call.header("Origin")
                        .map(origin -> origins.contains(origin.toLowerCase(Locale.ROOT)))
                        .orElse(false);
    }

    /** Whether it asks what would be allowed. */
    static boolean isPreflight(Call call) {
        return call.method().equals("OPTIONS")
                && call.header("Access-Control-Request-Method").isPresent();
    }

    /** What an allowed page is told beforehand. */
    static Reply preflight(String methods) {
        return Reply.empty(204)
                .header("Access-Control-Allow-Methods", methods)
                .header("Access-Control-Allow-Headers", REQUEST_HEADERS)
                .header("Access-Control-Max-Age", "600");
    }
}

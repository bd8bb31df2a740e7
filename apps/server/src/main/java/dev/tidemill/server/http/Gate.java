package dev.tidemill.server.http;

import java.net.URI;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides who comes in.
 *
 * <p>With a token, whoever has it, by header or by the cookie that the log-in form gives. Without one the server
 * listens on the loopback address only, and what remains are the browsers on the same machine, which run other
 * people's pages: a page of another site may send requests here (cross-site request forgery), or have its own name
 * resolved to this address and be taken for the same site (DNS rebinding). So a {@code Host} that is no loopback name
 * is refused, and so is whatever a browser marks as coming from another site, unless a person followed a link here.
 */
public final class Gate {
    private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");
    private static final Set<String> OWN_SITE = Set.of("same-origin", "none");

    private final @Nullable Credentials credentials;

    /** Creates one; null means that no token is set. */
    public Gate(@Nullable Credentials credentials) {
        this.credentials = credentials;
    }

    /** Whether a token is needed. */
    public boolean locked() {
        return credentials != null;
    }

    /**
     * Lets a request in or refuses it, and tells it who sent it.
     *
     * @param needed what the route asks for; null where it is for anybody
     */
    void admit(Call call, @Nullable Permission needed) {
        if (credentials == null) {
            refuseForeignHost(call.authority());
        }
        refuseOtherSites(call);
        if (needed == null) {
            return;
        }
        Caller caller =
                credentials == null ? Caller.ANYONE : credentials.caller(call).orElseThrow(Gate::unknown);
        if (!caller.may(needed)) {
            throw Problem.of(
                    ProblemCode.FORBIDDEN,
                    "This needs the permission " + needed + ", which " + caller.name() + " does not have.");
        }
        call.from(caller);
    }

    private static Problem unknown() {
        return Problem.of(
                        ProblemCode.UNAUTHORIZED,
                        "Send 'Authorization: Bearer TOKEN', or open / in a browser to log in.")
                .header("WWW-Authenticate", "Bearer realm=\"tidemill\"");
    }

    private static void refuseForeignHost(String authority) {
        String host = authority.toLowerCase(Locale.ROOT).replaceFirst(":\\d{1,5}$", "");
        boolean loopback = host.equals("localhost")
                || host.endsWith(".localhost")
                || host.equals("[::1]")
                || host.matches("127\\.\\d{1,3}\\.\\d{1,3}\\.\\d{1,3}");
        if (!loopback) {
            throw Problem.of(
                    ProblemCode.HOST_FORBIDDEN,
                    "Without a token only loopback names such as localhost or 127.0.0.1 are served. Set a token to"
                            + " serve others.");
        }
    }

    private static void refuseOtherSites(Call call) {
        boolean safe = SAFE_METHODS.contains(call.method());
        String site = call.header("Sec-Fetch-Site").orElse("none");
        boolean followedLink = safe && call.header("Sec-Fetch-Mode").orElse("").equals("navigate");
        if (!OWN_SITE.contains(site) && !followedLink) {
            throw crossSite();
        }
        if (!safe && call.header("Origin").isPresent()) {
            if (!sameHost(call.header("Origin").get(), call.authority())) {
                throw crossSite();
            }
        }
    }

    private static boolean sameHost(String origin, String authority) {
        try {
            String given = URI.create(origin).getRawAuthority();
            return given != null && given.equalsIgnoreCase(authority);
        } catch (IllegalArgumentException malformed) {
            return false;
        }
    }

    private static Problem crossSite() {
        return Problem.of(
                ProblemCode.CROSS_SITE, "The browser says that this request comes from a page of another site.");
    }
}

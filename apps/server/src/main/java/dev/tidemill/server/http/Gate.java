package dev.tidemill.server.http;

import dev.tidemill.jobs.TidemillException;
import java.net.URI;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Decides who comes in.
 *
 * <p>Where callers are asked who they are, whoever has the permission that the route names. An open server listens on
 * the loopback address only, and what remains are the browsers on the same machine, which run other people's pages: a
 * page of another site may send requests here (cross-site request forgery), or have its own name resolved to this
 * address and be taken for the same site (DNS rebinding). So it refuses a {@code Host} that is no loopback name.
 *
 * <p>Against forgery there are no tokens in forms: every browser of the last years says where a request comes from. What
 * one marks as coming from another site is refused, unless a person followed a link here; a change that a session's
 * cookie vouches for must be marked as coming from our own pages, and the cookie itself is not sent from others'.
 */
public final class Gate {
    private static final Set<String> SAFE_METHODS = Set.of("GET", "HEAD", "OPTIONS");
    private static final Set<String> OWN_SITE = Set.of("same-origin", "none");

    private final @Nullable Identification identification;

    /** Creates one; null means that the server is open. */
    public Gate(@Nullable Identification identification) {
        this.identification = identification;
    }

    /**
     * Lets a request in or refuses it, and tells it who sent it.
     *
     * @param needed what the route asks for; null where it is for anybody
     * @param invited whether it is from a page of an origin that may use the API; a session does not count there
     * @param byPerson whether a person may be behind it; a page's own refreshing keeps no session from ending
     */
    void admit(Call call, @Nullable Permission needed, boolean invited, boolean byPerson) {
        if (identification == null) {
            refuseForeignHost(call.authority());
        }
        if (!invited) {
            refuseOtherSites(call);
        }
        if (needed == null) {
            return;
        }
        Caller caller = caller(call, needed, byPerson).orElseThrow(Gate::unknown);
        if (invited && caller.means() == Caller.Means.SESSION) {
            throw unknown();
        }
        if (caller.means() == Caller.Means.SESSION && !SAFE_METHODS.contains(call.method())) {
            refuseUnmarked(call);
        }
        call.from(caller, () -> holds(call, needed));
        if (!caller.may(needed)) {
            throw Problem.of(
                    ProblemCode.FORBIDDEN,
                    "This needs the permission " + needed + ", which " + caller.name() + " does not have.");
        }
    }

    private boolean holds(Call call, Permission needed) {
        try {
            return caller(call, needed, false).map(now -> now.may(needed)).orElse(false);
        } catch (TidemillException | Problem unknown) {
            return false;
        }
    }

    private Optional<Caller> caller(Call call, Permission needed, boolean byPerson) {
        return identification == null ? Optional.of(Caller.ANYONE) : identification.caller(call, needed, byPerson);
    }

    private static Problem unknown() {
        return Problem.of(
                        ProblemCode.UNAUTHORIZED,
                        "Send 'Authorization: Bearer KEY' with an API key that holds, or open / in a browser to log in.")
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
                    "An open server answers to loopback names such as localhost or 127.0.0.1 only. Start it without"
                            + " --open to serve others.");
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

    private static void refuseUnmarked(Call call) {
        if (call.header("Origin").isEmpty() && call.header("Sec-Fetch-Site").isEmpty()) {
            throw Problem.of(
                    ProblemCode.CROSS_SITE,
                    "A change with a session's cookie must say where it comes from, by 'Origin' or 'Sec-Fetch-Site' as"
                            + " browsers do. Programs use an API key instead.");
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

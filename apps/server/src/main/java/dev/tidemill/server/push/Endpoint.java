package dev.tidemill.server.push;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;

/**
 * Where jobs of some kinds are sent.
 *
 * @param name by which it is known: as a kind
 * @param url where to; https, or http where private endpoints are allowed
 * @param kinds which jobs, 1 to 100 kinds; no other endpoint has one of them
 * @param queues from where, up to 20; none stands for {@code default}
 * @param headers that go along, up to 20; their values may be secrets
 * @param timeout how long the answer may take, 100 ms to 10 minutes
 * @param concurrency how many at a time from each server process, 1 to 1,000
 * @param onDemand whether they are sent only when somebody asks for a round
 * @param dependsOn what the jobs depend on beside its host, by the names of breakers, up to 9
 */
public record Endpoint(
        String name,
        URI url,
        Set<String> kinds,
        Set<String> queues,
        Map<String, String> headers,
        Duration timeout,
        int concurrency,
        boolean onDemand,
        Set<String> dependsOn) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,99}");
    private static final Pattern HEADER = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}");
    private static final Pattern VALUE = Pattern.compile("[ -~]{0,2000}");
    /** Ours, or what describes the connection and the body. */
    private static final Set<String> TAKEN = Set.of(
            "host",
            "content-length",
            "content-type",
            "transfer-encoding",
            "connection",
            "te",
            "trailer",
            "upgrade",
            "expect",
            "keep-alive",
            "proxy-connection",
            "proxy-authorization",
            "user-agent",
            "traceparent",
            "tracestate");

    public Endpoint {
        named("name", name);
        between("kinds", kinds.size(), 1, 100);
        kinds.forEach(kind -> named("kind", kind));
        between("queues", queues.size(), 0, 20);
        queues.forEach(queue -> named("queue", queue));
        kinds = Set.copyOf(kinds);
        queues = Set.copyOf(queues);
        between("depends_on", dependsOn.size(), 0, 9);
        dependsOn.forEach(dependency -> named("dependency", dependency));
        dependsOn = Set.copyOf(dependsOn);
        between("headers", headers.size(), 0, 20);
        headers.forEach(Endpoint::header);
        Map<String, String> sorted = new TreeMap<>(String.CASE_INSENSITIVE_ORDER);
        sorted.putAll(headers);
        headers = java.util.Collections.unmodifiableMap(sorted);
        between("concurrency", concurrency, 1, 1_000);
        if (timeout.compareTo(Duration.ofMillis(100)) < 0 || timeout.compareTo(Duration.ofMinutes(10)) > 0) {
            throw refused("timeout is " + timeout + "; it must be between 100 milliseconds and 10 minutes");
        }
    }

    private static void named(String what, String given) {
        if (!NAME.matcher(given).matches()) {
            throw refused(what + " is '" + shortened(given)
                    + "'; use 1 to 100 letters, digits, dots, dashes or underscores, the first one a letter");
        }
    }

    private static String shortened(String text) {
        return text.length() <= 100 ? text : text.substring(0, 100) + "…";
    }

    /** The value is not repeated: it may be a secret. */
    private static void header(String name, String value) {
        if (!HEADER.matcher(name).matches() || isTaken(name)) {
            throw refused("header '" + shortened(name)
                    + "' cannot be set: it is no name of a header, or one that is set here");
        }
        if (!VALUE.matcher(value).matches()) {
            throw refused("header '" + name + "' has a value that is not up to 2,000 printable ASCII characters");
        }
    }

    /** Whether a header is set here, and so by nobody else. */
    static boolean isTaken(String header) {
        String lower = header.toLowerCase(Locale.ROOT);
        return TAKEN.contains(lower) || lower.startsWith("webhook-");
    }

    private static void between(String what, int given, int least, int most) {
        if (given < least || given > most) {
            throw refused(what + ": " + given + "; it must be " + least + " to " + most);
        }
    }

    private static TidemillException refused(String what) {
        return new TidemillException(ErrorCode.INVALID_OPTION, "The endpoint's " + what + ".");
    }

    /** The address of an endpoint: absolute, with a host, without user, password and fragment; at most 2,000 characters. */
    public static URI url(String given) {
        try {
            URI url = new URI(given);
            String scheme = url.getScheme() == null ? "" : url.getScheme().toLowerCase(Locale.ROOT);
            if ((scheme.equals("https") || scheme.equals("http"))
                    && url.getHost() != null
                    && url.getRawUserInfo() == null
                    && url.getRawFragment() == null
                    && portWithin(url)
                    && given.length() <= 2_000) {
                return url;
            }
        } catch (URISyntaxException malformed) {
            // Refused below, like an address of another form.
        }
        throw refused(
                "url is not one that is served: give https://host/path, of at most 2,000 characters, without a user,"
                        + " a password and a fragment, and if with a port one of 1 to 65535");
    }

    private static boolean portWithin(URI url) {
        return url.getPort() == -1 || (url.getPort() >= 1 && url.getPort() <= 65_535);
    }

    /** Whether it leads to the same server as another address: the same scheme, host and port. */
    public static boolean sameServer(URI one, URI other) {
        return one.getScheme().equalsIgnoreCase(other.getScheme())
                && one.getHost().equalsIgnoreCase(other.getHost())
                && port(one) == port(other);
    }

    private static int port(URI url) {
        if (url.getPort() != -1) {
            return url.getPort();
        }
        return "https".equalsIgnoreCase(url.getScheme()) ? 443 : 80;
    }

    /** Without the headers, for logs. */
    @Override
    public String toString() {
        return "endpoint " + name;
    }

    /** What its jobs depend on: what answers there, and what it was said to. */
    public Set<String> dependencies() {
        Set<String> all = new HashSet<>(dependsOn);
        all.add(breaker());
        return all;
    }

    /** The breaker of what answers there, by the rule of names. */
    public String breaker() {
        String host = url.getHost().toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9.-]", "-");
        String name = "push." + host;
        return name.length() <= 100 ? name : name.substring(0, 100);
    }
}

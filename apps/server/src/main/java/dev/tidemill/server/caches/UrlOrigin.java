package dev.tidemill.server.caches;

import dev.tidemill.cache.Loader;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * An origin behind an address with {@code {key}} in its path or query. Whoever asks for a key chooses nothing but that
 * part: it is encoded, so that it is one segment or one value, and a key of dots alone, which would be another path, has
 * no value. The address itself is the operator's, in a file; redirects are not followed, or it would not be. Thread safe.
 */
final class UrlOrigin implements Loader<String, Document> {
    private static final String PLACE = "{key}";
    private static final Pattern DOTS = Pattern.compile("\\.+");
    private static final Duration CONNECT = Duration.ofSeconds(5);
    private static final int OK = 200;
    private static final int NOT_FOUND = 404;
    private static final int GONE = 410;

    private final HttpClient client = HttpClient.newBuilder()
            .connectTimeout(CONNECT)
            .followRedirects(HttpClient.Redirect.NEVER)
            .version(HttpClient.Version.HTTP_1_1)
            .build();
    private final String template;
    private final Map<String, String> headers;
    private final Duration timeout;
    private final int limitBytes;

    /** The origin did not give a value, and did not say that there is none either. */
    static final class OriginException extends IOException {
        private static final long serialVersionUID = 1L;

        OriginException(String message) {
            super(message);
        }
    }

    /**
     * Reads an address.
     *
     * @param limitBytes the longest body that is taken
     * @throws IllegalArgumentException if it is none, or has no place for the key, or a header cannot be sent
     */
    UrlOrigin(String template, Map<String, String> headers, Duration timeout, int limitBytes) {
        this.template = template;
        this.headers = Map.copyOf(headers);
        this.timeout = timeout;
        this.limitBytes = limitBytes;
        int place = template.indexOf(PLACE);
        URI tried = address(template, "x");
        int afterHost = template.indexOf('/', template.indexOf("//") + 2);
        if (tried == null || place < 0 || afterHost < 0 || place < afterHost) {
            throw new IllegalArgumentException("the origin '" + template + "' is no address to load from; write it as"
                    + " https://host/path/{key} or https://host/path?id={key}");
        }
        try {
            request(tried);
        } catch (IllegalArgumentException refused) {
            throw new IllegalArgumentException("a header for the origin '" + template
                    + "' cannot be sent; its name or value is not HTTP's, or the" + " client sets it itself");
        }
    }

    private static @Nullable URI address(String template, String encoded) {
        try {
            URI url = URI.create(template.replace(PLACE, encoded));
            boolean http = "http".equals(url.getScheme()) || "https".equals(url.getScheme());
            return http && url.getHost() != null && url.getRawUserInfo() == null && url.getRawFragment() == null
                    ? url
                    : null;
        } catch (IllegalArgumentException malformed) {
            return null;
        }
    }

    private HttpRequest request(URI url) {
        HttpRequest.Builder request = HttpRequest.newBuilder(url).timeout(timeout);
        headers.forEach(request::setHeader);
        return request.GET().build();
    }

    @Override
    public @Nullable Document load(String key) throws Exception {
        if (DOTS.matcher(key).matches()) {
            return null;
        }
        String encoded = URLEncoder.encode(key, StandardCharsets.UTF_8).replace("+", "%20");
        URI url = address(template, encoded);
        if (url == null) {
            return null;
        }
        HttpResponse<InputStream> response = client.send(request(url), BodyHandlers.ofInputStream());
        try (InputStream in = response.body()) {
            int status = response.statusCode();
            if (status == NOT_FOUND || status == GONE) {
                return null;
            }
            if (status != OK) {
                throw new OriginException("it answered with the status " + status);
            }
            byte[] body = in.readNBytes(limitBytes + 1);
            if (body.length > limitBytes) {
                throw new OriginException("its answer is longer than " + limitBytes + " bytes");
            }
            return new Document(response.headers().firstValue("Content-Type").orElse(Document.BYTES), body);
        }
    }
}

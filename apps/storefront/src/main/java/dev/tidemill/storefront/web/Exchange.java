package dev.tidemill.storefront.web;

import dev.tidemill.storefront.shop.Customer;
import dev.tidemill.storefront.shop.Visit;
import dev.tidemill.storefront.shop.Visits;
import gg.jte.models.runtime.JteModel;
import io.helidon.http.HeaderNames;
import io.helidon.http.SetCookie;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One request and its answer. For one thread. */
public final class Exchange {
    /** What names the visit: in a cookie for browsers, as a bearer token for programs. */
    static final String COOKIE = "shop_visit";

    private static final String BEARER = "Bearer ";
    private static final int MAX_FIELDS = 50;

    private final ServerRequest request;
    private final ServerResponse response;
    private final Visits visits;
    private final Backstage backstage;
    private boolean looked;
    private @Nullable Visit visit;
    private @Nullable Map<String, String> form;

    Exchange(ServerRequest request, ServerResponse response, Visits visits, Backstage backstage) {
        this.request = request;
        this.response = response;
        this.visits = visits;
        this.backstage = backstage;
    }

    /** A part of the path. */
    public String path(String name) {
        return request.path().pathParameters().get(name);
    }

    /** A part of the path that is an id; one that is malformed names nothing. */
    UUID pathId() {
        return id(path("id")).orElseThrow(Refusal::notFound);
    }

    /** A part of the path that is a number; one that is malformed names nothing. */
    long pathNumber() {
        String text = path("id");
        if (!text.matches("[0-9]{1,18}")) {
            throw Refusal.notFound();
        }
        return Long.parseLong(text);
    }

    static Optional<UUID> id(String text) {
        try {
            return Optional.of(UUID.fromString(text));
        } catch (IllegalArgumentException malformed) {
            return Optional.empty();
        }
    }

    /** A parameter of the query; empty if it is not there. */
    public String query(String name) {
        return request.query().first(name).orElse("");
    }

    /** A field of the form; empty if it is not there. */
    String field(String name) {
        if (form == null) {
            form = readForm();
        }
        return form.getOrDefault(name, "");
    }

    private Map<String, String> readForm() {
        if (!mediaType().equals("application/x-www-form-urlencoded")) {
            throw new Refusal(415, "Not a form", "Send 'Content-Type: application/x-www-form-urlencoded'.");
        }
        Map<String, String> fields = new HashMap<>();
        try {
            for (String pair : new String(body(), StandardCharsets.US_ASCII).split("&", MAX_FIELDS)) {
                String[] sides = pair.split("=", 2);
                fields.put(decode(sides[0]), sides.length < 2 ? "" : decode(sides[1]));
            }
        } catch (IllegalArgumentException malformed) {
            throw new Refusal(400, "Not a form", "The form is not URL-encoded.");
        }
        return fields;
    }

    private static String decode(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    String mediaType() {
        String header = request.headers().first(HeaderNames.CONTENT_TYPE).orElse("");
        return header.split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
    }

    byte[] body() {
        return request.content().hasEntity() ? request.content().as(byte[].class) : new byte[0];
    }

    /** The visit that this request belongs to. */
    Optional<Visit> visit() throws SQLException {
        if (!looked) {
            looked = true;
            String token = token();
            visit = token.isEmpty() ? null : visits.find(token).orElse(null);
        }
        return Optional.ofNullable(visit);
    }

    private String token() {
        String header = request.headers().first(HeaderNames.AUTHORIZATION).orElse("");
        return header.startsWith(BEARER)
                ? header.substring(BEARER.length()).strip()
                : request.headers().cookies().first(COOKIE).orElse("");
    }

    /** The visit; begins one for a browser that has none. */
    Visit visitOrNew() throws SQLException {
        Optional<Visit> found = visit();
        if (found.isPresent()) {
            return found.get();
        }
        String token = visits.open(null);
        remember(token);
        Visit opened = visits.find(token).orElseThrow();
        visit = opened;
        return opened;
    }

    /** Who is signed in; null for a stranger. */
    @Nullable
    Customer customer() throws SQLException {
        return visit().map(Visit::customer).orElse(null);
    }

    /**
     * Who is signed in.
     *
     * @throws Refusal for a stranger
     */
    Customer signedIn() throws SQLException {
        Customer customer = customer();
        if (customer == null) {
            throw Refusal.signInFirst();
        }
        return customer;
    }

    /** What stands around the page. */
    public Frame frame() throws SQLException {
        Optional<Visit> found = visit();
        return new Frame(customer(), found.map(Visit::items).orElse(0), backstage.mailUrl(), backstage.adminUrl());
    }

    void remember(String token) {
        response.headers().addCookie(cookie(token, Visits.TTL));
    }

    void forget() {
        response.headers().addCookie(cookie("", Duration.ZERO));
    }

    private static SetCookie cookie(String value, Duration maxAge) {
        return SetCookie.builder(COOKIE, value)
                .path("/")
                .httpOnly(true)
                .sameSite(SetCookie.SameSite.LAX)
                .maxAge(maxAge)
                .build();
    }

    /** Answers with a page or a part of one. */
    public void page(int status, JteModel page) {
        send(status, "text/html; charset=utf-8", page.render().getBytes(StandardCharsets.UTF_8));
    }

    /** Answers with these bytes. */
    public void send(int status, String mediaType, byte[] content) {
        response.status(status);
        response.header(HeaderNames.CONTENT_TYPE, mediaType);
        response.send(content);
    }

    /** Answers that there is nothing to show. */
    public void nothing() {
        response.status(204);
        response.send();
    }

    /** Sets a header of the answer. */
    public void header(String name, String value) {
        response.header(HeaderNames.create(name), value);
    }

    /** Sends the browser on, to be asked for with GET. */
    public void seeOther(String path) {
        response.status(303);
        response.header(HeaderNames.LOCATION, path);
        response.send();
    }
}

package dev.tidemill.server;

import java.net.URLEncoder;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Somebody who sends requests to a server: a browser with its cookie, or a program with its key. */
record Visitor(ServerUnderTest server, Map<String, String> headers) {
    static Visitor nobody(ServerUnderTest server) {
        return new Visitor(server, Map.of());
    }

    static Visitor withKey(ServerUnderTest server, String secret) {
        return nobody(server).with("Authorization", "Bearer " + secret);
    }

    /** A browser that logs in, and does what browsers do: says where its changes come from. */
    static Visitor loggedIn(ServerUnderTest server, String name, String password) {
        Visitor browser = browser(server);
        HttpResponse<String> answer = browser.logIn(name, password);
        if (answer.statusCode() != 303) {
            throw new AssertionError(name + " could not log in: " + answer.statusCode() + " " + answer.body());
        }
        return browser.with("Cookie", cookie(answer));
    }

    static Visitor browser(ServerUnderTest server) {
        return nobody(server).with("Origin", server.server.url()).with("Sec-Fetch-Site", "same-origin");
    }

    static String cookie(HttpResponse<String> answer) {
        return answer.headers().firstValue("Set-Cookie").orElseThrow().split(";", 2)[0];
    }

    Visitor with(String header, String value) {
        Map<String, String> more = new TreeMap<>(headers);
        more.put(header, value);
        return new Visitor(server, more);
    }

    HttpRequest.Builder request(String method, String path) {
        HttpRequest.Builder request = server.to(path).method(method, BodyPublishers.noBody());
        headers.forEach(request::header);
        return request;
    }

    HttpResponse<String> send(String method, String path) {
        return server.send(request(method, path));
    }

    HttpResponse<String> get(String path) {
        return send("GET", path);
    }

    HttpResponse<String> json(String method, String path, String body) {
        return server.send(request(method, path)
                .header("Content-Type", "application/json")
                .method(method, BodyPublishers.ofString(body)));
    }

    HttpResponse<String> form(String path, Map<String, String> fields) {
        String body = fields.entrySet().stream()
                .map(field -> encoded(field.getKey()) + "=" + encoded(field.getValue()))
                .collect(Collectors.joining("&"));
        return server.send(request("POST", path)
                .header("Content-Type", "application/x-www-form-urlencoded")
                .method("POST", BodyPublishers.ofString(body)));
    }

    HttpResponse<String> logIn(String name, String password) {
        return form("/login", Map.of("name", name, "password", password));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}

package dev.tidemill.server.dashboard;

import dev.tidemill.server.http.Form;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.push.Endpoint;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * An endpoint as a form shows it, all values as text. Of headers it has the names alone: their values may be secrets, which
 * no page shows.
 *
 * @param kinds with spaces between them, as the queues
 * @param headers a line each, a name and a colon
 * @param timeoutMillis in milliseconds
 * @param dependsOn with spaces between them, as the kinds
 */
public record EndpointForm(
        String name,
        String url,
        String kinds,
        String queues,
        String headers,
        String timeoutMillis,
        String concurrency,
        boolean onDemand,
        String dependsOn) {

    static EndpointForm empty() {
        return new EndpointForm("", "", "", "", "", "15000", "10", false, "");
    }

    static EndpointForm of(Endpoint endpoint) {
        return new EndpointForm(
                endpoint.name(),
                endpoint.url().toString(),
                words(endpoint.kinds()),
                words(endpoint.queues()),
                names(endpoint.headers().keySet()),
                Long.toString(endpoint.timeout().toMillis()),
                Integer.toString(endpoint.concurrency()),
                endpoint.onDemand(),
                words(endpoint.dependsOn()));
    }

    /** What was typed, but for what may be secret. */
    static EndpointForm of(Form form) {
        return new EndpointForm(
                form.text("name"),
                form.text("url"),
                form.text("kinds"),
                form.text("queues"),
                names(form.text("headers")
                        .lines()
                        .map(line -> line.split(":", 2)[0].strip())
                        .filter(name -> !name.isEmpty())
                        .toList()),
                form.text("timeout_ms"),
                form.text("concurrency"),
                form.ticked("on_demand"),
                form.text("depends_on"));
    }

    private static String words(Collection<String> some) {
        return some.stream().sorted().collect(Collectors.joining(" "));
    }

    private static String names(Collection<String> headers) {
        return headers.stream().map(name -> name + ":\n").collect(Collectors.joining());
    }

    /** The endpoint that a form means; a header without a value stands for the value that it has. */
    static Endpoint endpoint(Form form) {
        return new Endpoint(
                form.required("name"),
                Endpoint.url(form.required("url")),
                set(form.required("kinds")),
                set(form.text("queues")),
                headers(form.text("headers")),
                Duration.ofMillis(form.whole("timeout_ms").orElse(15_000)),
                form.whole("concurrency").orElse(10),
                form.ticked("on_demand"),
                set(form.text("depends_on")));
    }

    private static Set<String> set(String words) {
        return Arrays.stream(words.split("[\\s,]+"))
                .filter(word -> !word.isEmpty())
                .collect(Collectors.toSet());
    }

    private static Map<String, String> headers(String typed) {
        Map<String, String> headers = new LinkedHashMap<>();
        typed.lines().map(String::strip).filter(line -> !line.isEmpty()).forEach(line -> {
            int colon = line.indexOf(':');
            if (colon < 1) {
                // The line may be a secret that was put into the wrong field.
                throw Problem.of(
                        ProblemCode.FIELD_INVALID,
                        "A line of 'headers' has no name and colon; write them as Name: value.");
            }
            headers.put(
                    line.substring(0, colon).strip(), line.substring(colon + 1).strip());
        });
        return headers;
    }

    /**
     * The same with the values that headers have now where the form left them out. They stay with the server that they are
     * for: whoever lets the jobs go elsewhere types them again, or could have them sent to a server of their own and read.
     */
    static Endpoint withValues(Endpoint typed, Optional<Endpoint> present) {
        boolean elsewhere = present.isPresent()
                && !Endpoint.sameServer(typed.url(), present.get().url());
        Map<String, String> kept = present.map(Endpoint::headers).orElse(Map.of());
        Map<String, String> headers = new LinkedHashMap<>();
        typed.headers().forEach((name, value) -> {
            String put = value.isEmpty() ? kept.get(name) : value;
            if (put == null) {
                throw Problem.of(ProblemCode.FIELD_MISSING, "The header " + name + " has no value yet; give one.");
            }
            if (value.isEmpty() && elsewhere) {
                throw Problem.of(
                        ProblemCode.FIELD_MISSING,
                        "The address leads to another server, which the value of the header " + name
                                + " was not meant for; type the value, or leave the header out.");
            }
            headers.put(name, put);
        });
        return new Endpoint(
                typed.name(),
                typed.url(),
                typed.kinds(),
                typed.queues(),
                headers,
                typed.timeout(),
                typed.concurrency(),
                typed.onDemand(),
                typed.dependsOn());
    }
}

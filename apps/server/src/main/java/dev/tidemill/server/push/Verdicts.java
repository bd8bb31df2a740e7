package dev.tidemill.server.push;

import dev.tidemill.jobs.ErrorCategory;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.server.push.AddressGuard.RefusedAddressException;
import dev.tidemill.server.push.Postman.Answer;
import java.io.IOException;
import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLException;
import org.apache.hc.client5.http.ConnectTimeoutException;
import org.jspecify.annotations.Nullable;

/** What follows from an endpoint's answer, or from there being none. */
final class Verdicts {
    /** It has understood, and will not do it however often it is asked. */
    private static final Set<Integer> PERMANENT = Set.of(400, 413, 422);
    /** It does not answer for the job: it is down, or what it needs is. */
    private static final Set<Integer> UNAVAILABLE = Set.of(502, 503, 504);
    /** Who says less is asked again all the time. */
    private static final Duration LEAST = Duration.ofSeconds(1);

    private static final Duration LONGEST = Duration.ofDays(1);
    private static final int SHOWN = 500;
    static final int GONE = 410;

    private Verdicts() {}

    static boolean done(Answer answer) {
        return answer.status() / 100 == 2;
    }

    /**
     * What a refusal stands for.
     *
     * @param endpoint whose answer it is
     * @param now by the database's clock, or close to it
     */
    static Failure of(Answer answer, Endpoint endpoint, Instant now) {
        int status = answer.status();
        String said = "The endpoint answered " + status + said(answer);
        Optional<Duration> after = answer.retryAfter().flatMap(text -> delay(text, now));
        if (answer.dependency().isPresent() && UNAVAILABLE.contains(status)) {
            return dependencyDown(answer.dependency().get(), said, after, endpoint);
        }
        if (status == 429 || (status == 503 && after.isPresent())) {
            return new Failure(ErrorCategory.RATE_LIMITED, said, after.orElse(null), null, false, null);
        }
        if (UNAVAILABLE.contains(status)) {
            return Failure.dependencyDown(said, endpoint.breaker());
        }
        if (status == GONE || PERMANENT.contains(status)) {
            return Failure.permanent(said);
        }
        if (status / 100 == 3) {
            return Failure.retry(said + " Redirects are not followed; register the address that they lead to.");
        }
        return Failure.retry(said);
    }

    /** The endpoint answers, so its host is up: who is down is what it names, if that is known here. */
    private static Failure dependencyDown(String given, String said, Optional<Duration> after, Endpoint endpoint) {
        String name = given.strip();
        if (!endpoint.dependsOn().contains(name)) {
            String shown = name.length() > 100 ? name.substring(0, 100) + "…" : name;
            return Failure.retry(said + " It names '" + shown
                    + "' as what is down, which the endpoint was not said to depend on; put that into its depends_on.");
        }
        return new Failure(ErrorCategory.DEPENDENCY_DOWN, said, after.orElse(null), null, false, name);
    }

    /** What it stands for that no answer came. Whoever was not even reached is down; others may have begun. */
    static Failure of(IOException failed, String breaker) {
        if (failed instanceof RefusedAddressException) {
            return Failure.retry(String.valueOf(failed.getMessage()));
        }
        String said = failed.getClass().getSimpleName() + ": " + failed.getMessage();
        boolean unreached = failed instanceof ConnectException
                || failed instanceof ConnectTimeoutException
                || failed instanceof UnknownHostException
                || failed instanceof NoRouteToHostException
                || failed instanceof SSLException;
        if (unreached) {
            return Failure.dependencyDown("The endpoint cannot be reached: " + said, breaker);
        }
        return Failure.retry(
                failed instanceof SocketTimeoutException
                        ? "The endpoint took too long. " + failed.getMessage()
                        : "The connection to the endpoint broke: " + said);
    }

    private static String said(Answer answer) {
        String type = answer.mediaType().orElse("").toLowerCase(Locale.ROOT);
        if (answer.body().length == 0 || !(type.startsWith("text/") || type.contains("json"))) {
            return ".";
        }
        String text = new String(answer.body(), StandardCharsets.UTF_8).strip();
        return ": " + (text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text);
    }

    /** Seconds, or a date; a second at least, at most a day. Empty if it is neither. */
    static Optional<Duration> delay(String text, Instant now) {
        @Nullable Duration given = null;
        try {
            given = text.strip().chars().allMatch(Character::isDigit)
                    ? Duration.ofSeconds(Long.parseLong(text.strip()))
                    : Duration.between(
                            now,
                            ZonedDateTime.parse(text.strip(), DateTimeFormatter.RFC_1123_DATE_TIME)
                                    .toInstant());
        } catch (DateTimeException | NumberFormatException | ArithmeticException neither) {
            return Optional.empty();
        }
        if (given.compareTo(LEAST) < 0) {
            return Optional.of(LEAST);
        }
        return Optional.of(given.compareTo(LONGEST) > 0 ? LONGEST : given);
    }

    /** What is kept as the job's result: the answer, if it is JSON. */
    static Optional<String> result(Answer answer) {
        String type = answer.mediaType().orElse("").split(";", 2)[0].strip().toLowerCase(Locale.ROOT);
        boolean json = type.equals("application/json") || type.endsWith("+json");
        return json && answer.body().length > 0 && !answer.cut()
                ? Optional.of(new String(answer.body(), StandardCharsets.UTF_8))
                : Optional.empty();
    }
}

package dev.tidemill.server.push;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.ErrorCategory;
import dev.tidemill.jobs.RemoteWork.Failure;
import dev.tidemill.server.push.AddressGuard.RefusedAddressException;
import dev.tidemill.server.push.Postman.Answer;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What follows from answers. */
final class VerdictsTest {
    private static final Instant NOW = Instant.parse("2026-11-22T10:00:00Z");

    private static final Endpoint ENDPOINT = new Endpoint(
            "shipping",
            URI.create("https://example.com/jobs"),
            Set.of("Ship"),
            Set.of(),
            Map.of(),
            Duration.ofSeconds(5),
            1,
            false,
            Set.of("carrier"));

    private static Answer answer(int status, @Nullable String retryAfter) {
        return answer(status, retryAfter, null);
    }

    private static Answer answer(int status, @Nullable String retryAfter, @Nullable String dependency) {
        return new Answer(
                status,
                Optional.ofNullable(retryAfter),
                Optional.ofNullable(dependency),
                Optional.of("text/plain"),
                "because".getBytes(StandardCharsets.UTF_8),
                false);
    }

    @ParameterizedTest
    @CsvSource({
        "301,RETRY",
        "400,PERMANENT",
        "401,RETRY",
        "403,RETRY",
        "404,RETRY",
        "408,RETRY",
        "410,PERMANENT",
        "413,PERMANENT",
        "422,PERMANENT",
        "429,RATE_LIMITED",
        "500,RETRY",
        "502,DEPENDENCY_DOWN",
        "503,DEPENDENCY_DOWN",
        "504,DEPENDENCY_DOWN"
    })
    void aStatusStandsForACategory(int status, ErrorCategory category) {
        Failure failure = Verdicts.of(answer(status, null), ENDPOINT, NOW);
        assertThat(failure.category()).isEqualTo(category);
        assertThat(failure.message()).contains(Integer.toString(status), "because");
    }

    @ParameterizedTest
    @ValueSource(ints = {502, 503, 504})
    void whoeverCannotBecauseOfSomethingElseSaysWhatIsDown(int status) {
        Failure failure = Verdicts.of(answer(status, null, " carrier "), ENDPOINT, NOW);
        assertThat(failure.category()).isEqualTo(ErrorCategory.DEPENDENCY_DOWN);
        assertThat(failure.dependency()).isEqualTo("carrier");
        assertThat(Verdicts.of(answer(status, null), ENDPOINT, NOW).dependency())
                .isEqualTo("push.example.com");
        Failure later = Verdicts.of(answer(status, "120", "carrier"), ENDPOINT, NOW);
        assertThat(later.dependency()).isEqualTo("carrier");
        assertThat(later.after()).isEqualTo(Duration.ofMinutes(2));
    }

    @Test
    void whatTheEndpointWasNotSaidToDependOnIsAFailureThatSaysSo() {
        Failure failure = Verdicts.of(answer(503, null, "moon"), ENDPOINT, NOW);
        assertThat(failure.category()).isEqualTo(ErrorCategory.RETRY);
        assertThat(failure.message()).contains("'moon'", "depends_on");
        assertThat(Verdicts.of(answer(422, null, "carrier"), ENDPOINT, NOW).category())
                .as("an answer that means something else")
                .isEqualTo(ErrorCategory.PERMANENT);
    }

    @Test
    void retryAfterIsHeededAsSecondsAndAsADateWithinBounds() {
        assertThat(Verdicts.of(answer(503, "120"), ENDPOINT, NOW).category()).isEqualTo(ErrorCategory.RATE_LIMITED);
        assertThat(Verdicts.of(answer(429, "120"), ENDPOINT, NOW).after()).isEqualTo(Duration.ofMinutes(2));
        assertThat(Verdicts.delay("Sun, 22 Nov 2026 10:05:00 GMT", NOW)).contains(Duration.ofMinutes(5));
        assertThat(Verdicts.delay("0", NOW)).contains(Duration.ofSeconds(1));
        assertThat(Verdicts.delay("Sun, 22 Nov 2026 09:00:00 GMT", NOW)).contains(Duration.ofSeconds(1));
        assertThat(Verdicts.delay("99999999", NOW)).contains(Duration.ofDays(1));
        assertThat(Verdicts.delay("soon", NOW)).isEmpty();
        assertThat(Verdicts.delay("99999999999999999999999", NOW)).isEmpty();
        assertThat(Verdicts.delay("", NOW)).isEmpty();
    }

    @Test
    void whoeverWasNotReachedIsDownAndWhoeverBrokeOffFailed() {
        assertThat(Verdicts.of(new ConnectException("refused"), "b").category())
                .isEqualTo(ErrorCategory.DEPENDENCY_DOWN);
        assertThat(Verdicts.of(new SocketTimeoutException("late"), "b").category())
                .isEqualTo(ErrorCategory.RETRY);
        assertThat(Verdicts.of(new SocketException("reset"), "b").category()).isEqualTo(ErrorCategory.RETRY);
        assertThat(Verdicts.of(new RefusedAddressException("private"), "b").category())
                .isEqualTo(ErrorCategory.RETRY);
    }
}

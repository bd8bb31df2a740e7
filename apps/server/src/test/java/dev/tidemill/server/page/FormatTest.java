package dev.tidemill.server.page;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class FormatTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"0|0", "9999|9,999", "10000|10.0k", "999999|999.9k", "1000000|1.00M", "12345678901|12.34G"})
    void countsStayShortAndAreNeverRoundedUp(long value, String shown) {
        assertThat(Format.count(value)).isEqualTo(shown);
    }

    @ParameterizedTest
    @CsvSource({
        "PT0S, 0",
        "PT0.00042S, 420 µs",
        "PT0.0042S, 4.2 ms",
        "PT0.42S, 420 ms",
        "PT4.2S, 4.20 s",
        "PT42S, 42.0 s",
        "PT3M4S, 3 min 4 s",
        "PT2H5M, 2 h 5 min",
        "PT76H, 3 d 4 h",
        "PT-4.2S, 4.20 s",
    })
    void durationsAreShownInTheUnitThatPeopleWouldUse(Duration value, String shown) {
        assertThat(Format.duration(value)).isEqualTo(shown);
    }

    @ParameterizedTest
    @CsvSource({"0, 0, –", "1, 1, 100%", "9999, 10000, 99.9%", "1, 3, 33%", "0, 5, 0%"})
    void oneHundredPercentIsSaidOnlyWhenItIsAll(long part, long all, String shown) {
        assertThat(Format.percent(part, all)).isEqualTo(shown);
    }

    @Test
    void theLineEndsAtTheRightEdgeAndStaysInItsBox() {
        assertThat(Format.points(List.of(0.0, 10.0))).isEqualTo("238.0,38.0 240.0,2.0");
        assertThat(Format.area(List.of())).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0.5, 0.5", "1.0, 1", "0.00001, 0.00001", "0.10, 0.1"})
    void fractionsHaveNoExponentAndNoZerosBehind(double value, String shown) {
        assertThat(Format.decimal(value)).isEqualTo(shown);
    }

    @Test
    void theFirstLineThatSaysSomethingIsShown() {
        assertThat(Format.firstLine("\n  \nboom\nat x")).isEqualTo("boom");
        assertThat(Format.firstLine("")).isEqualTo("(no message)");
        assertThat(Format.firstLine("x".repeat(300))).isEqualTo("x".repeat(300));
        assertThat(Format.firstLine("x".repeat(301))).isEqualTo("x".repeat(300) + "…");
        assertThat(Format.firstLine("x".repeat(299) + "😀y"))
                .as("no half of a character")
                .isEqualTo("x".repeat(299) + "…");
    }
}

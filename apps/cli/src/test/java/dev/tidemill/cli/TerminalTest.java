package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.terminal.Bar;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Screen;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tables, colours and bars, on terminals and in pipes. */
final class TerminalTest {
    private static final Screen TERMINAL = new Screen(true, true, true, true, 40, 24);

    private static Table table() {
        return new Table(Column.text("NAME"), Column.number("JOBS"), Column.elastic("ERROR"))
                .row("mail", 1_234_567L, "the partner said no, as it does on every day that ends with a y")
                .row("a", 5, null);
    }

    @Test
    void aPipeGetsWholeRowsWithoutColour() {
        assertThat(table().lines(Screen.PIPES))
                .containsExactly(
                        "NAME       JOBS  ERROR",
                        "mail  1,234,567  the partner said no, as it does on every day that ends with a y",
                        "a             5");
    }

    @ParameterizedTest
    @ValueSource(ints = {40, 41, 60, 200})
    void noRowIsWiderThanTheTerminal(int columns) {
        Screen screen = new Screen(true, true, true, false, columns, 24);
        Table table = table().row("日本語の名前", 7, "e\u0301e\u0301 wide 日本語日本語日本語日本語日本語日本語 text");
        assertThat(table.lines(screen)).allMatch(line -> Plain.cells(line) <= columns);
        assertThat(table.lines(screen).get(1).endsWith("…")).isEqualTo(columns < 80);
    }

    @Test
    void whatStandsOutIsAlignedLikeTheRest() {
        Table table = new Table(Column.text("STATE"), Column.text("ID"))
                .row(Table.cell(Style.BAD, "DEAD"), "1")
                .row(Table.cell(Style.GOOD, "SUCCEEDED"), "2");
        List<String> lines = table.lines(TERMINAL);
        assertThat(lines.get(1)).isEqualTo("\u001b[31mDEAD\u001b[0m       1");
        assertThat(lines.get(2)).isEqualTo("\u001b[32mSUCCEEDED\u001b[0m  2");
    }

    @Test
    void aCellIsOnOneLineAndSteersNothing() {
        assertThat(new Table(Column.text("A"))
                        .row("one\ntwo\u001b[2J")
                        .lines(TERMINAL)
                        .get(1))
                .isEqualTo("one two·[2J");
        assertThat(Plain.block("one\r\ntwo\u0007")).isEqualTo("one\ntwo·");
    }

    @Test
    void colourIsForTerminalsOfThoseWhoWantIt() {
        assertThat(Screen.of(null, name -> null)).isEqualTo(Screen.PIPES);
        assertThat(Screen.of("out,err 50 132", name -> null)).isEqualTo(new Screen(true, true, false, true, 132, 50));
        assertThat(Screen.of("out 50 132", Map.of("NO_COLOR", "1")::get).colour())
                .isFalse();
        assertThat(Screen.of("out 50 132", Map.of("NO_COLOR", "")::get).colour())
                .isTrue();
        assertThat(Screen.of("out 50 132", Map.of("TERM", "dumb")::get).colour())
                .isFalse();
        assertThat(Screen.of("err 50 132", name -> null))
                .isEqualTo(new Screen(false, true, false, false, Integer.MAX_VALUE, Integer.MAX_VALUE));
        assertThat(Screen.of("out x y", name -> null)).matches(screen -> screen.rows() == 24 && screen.columns() == 80);
    }

    @ParameterizedTest
    @CsvSource({
        "PT0.0126S, 12 ms",
        "PT1.25S, 1.2 s",
        "PT59.999S, 59.9 s",
        "PT3M5S, 3m 5s",
        "PT2H5M, 2h 5m",
        "PT76H, 3d 4h",
        "-PT3S, -3.0 s"
    })
    void spansHaveTwoUnitsAtMost(Duration span, String said) {
        assertThat(Plain.span(span)).isEqualTo(said);
    }

    @Test
    void aBarIsShownOnATerminalOnlyAndTakenAway() {
        StringWriter err = new StringWriter();
        try (Bar bar = new Bar(new PrintWriter(err), TERMINAL, "enqueued", 1000)) {
            bar.at(250);
            assertThat(err.toString()).isEqualTo("\r[######..................] 25%  250 enqueued");
        }
        assertThat(err.toString()).endsWith("\r" + " ".repeat(45) + "\r");
        StringWriter piped = new StringWriter();
        try (Bar bar = new Bar(new PrintWriter(piped), Screen.PIPES, "enqueued", 1000)) {
            bar.at(250);
        }
        assertThat(piped.toString()).isEmpty();
    }
}

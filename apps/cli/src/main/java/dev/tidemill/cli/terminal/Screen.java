package dev.tidemill.cli.terminal;

import java.util.Arrays;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * What the program's output ends at. The launcher finds out, since a shell can ask of each stream by itself whether it is
 * a terminal and Java 21 cannot; a program that is started otherwise takes them for pipes.
 *
 * @param outIsTerminal whether standard output is a terminal
 * @param errIsTerminal whether standard error is a terminal
 * @param inIsTerminal whether standard input is a terminal
 * @param colour whether standard output is shown in colour
 * @param columns how wide the terminal is, in cells
 * @param rows how high it is
 */
public record Screen(
        boolean outIsTerminal, boolean errIsTerminal, boolean inIsTerminal, boolean colour, int columns, int rows) {
    private static final int MIN_COLUMNS = 40;
    private static final int MIN_ROWS = 10;

    /** Pipes: no colour, no bound. */
    public static final Screen PIPES = new Screen(false, false, false, false, Integer.MAX_VALUE, Integer.MAX_VALUE);

    /**
     * As the launcher says in {@code tidemill.terminal}, such as {@code in,out,err 24 80}; pipes without it.
     *
     * @param environment variables by name, null for one that is not set; {@code NO_COLOR} and {@code TERM} are looked at
     */
    public static Screen of(@Nullable String said, UnaryOperator<@Nullable String> environment) {
        if (said == null) {
            return PIPES;
        }
        String[] parts = said.strip().split("\\s+", -1);
        List<String> terminals = Arrays.asList(parts[0].split(",", -1));
        boolean out = terminals.contains("out");
        int rows = parts.length > 1 ? number(parts[1], 24) : 24;
        int columns = parts.length > 2 ? number(parts[2], 80) : 80;
        return new Screen(
                out,
                terminals.contains("err"),
                terminals.contains("in"),
                out && isEmpty(environment.apply("NO_COLOR")) && !"dumb".equals(environment.apply("TERM")),
                out ? Math.max(columns, MIN_COLUMNS) : Integer.MAX_VALUE,
                out ? Math.max(rows, MIN_ROWS) : Integer.MAX_VALUE);
    }

    private static boolean isEmpty(@Nullable String value) {
        return value == null || value.isEmpty();
    }

    private static int number(String text, int otherwise) {
        try {
            int number = Integer.parseInt(text);
            return number > 0 ? number : otherwise;
        } catch (NumberFormatException noNumber) {
            return otherwise;
        }
    }

    /** A text in a style, or as it is where there is no colour. */
    public String in(Style style, String text) {
        return colour ? style.around(text) : text;
    }
}

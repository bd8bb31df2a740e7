package dev.tidemill.cli.terminal;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Rows below each other, columns two blanks apart. On a terminal a table that is too wide has its elastic columns cut, the
 * widest first, and is then cut at the edge; in a pipe nothing is left out. For one thread.
 */
public final class Table {
    private static final int GAP = 2;
    private static final int LEAST_ELASTIC = 8;

    private final List<Column> columns;
    private final List<List<Cell>> rows = new ArrayList<>();

    /** With these columns. */
    public Table(Column... columns) {
        this.columns = List.of(columns);
    }

    /**
     * A column.
     *
     * @param heading what stands above it
     * @param right whether it is aligned to the right, as numbers are
     * @param elastic whether it is cut where there is no room
     */
    public record Column(String heading, boolean right, boolean elastic) {
        /** For names and other short texts. */
        public static Column text(String heading) {
            return new Column(heading, false, false);
        }

        /** For numbers. */
        public static Column number(String heading) {
            return new Column(heading, true, false);
        }

        /** For texts of any length. */
        public static Column elastic(String heading) {
            return new Column(heading, false, true);
        }
    }

    /**
     * What stands in a column of a row.
     *
     * @param text on one line
     * @param style how it stands out
     */
    public record Cell(String text, Style style) {
        public Cell {
            text = Plain.line(text);
        }
    }

    /** A cell that stands out. */
    public static Cell cell(Style style, String text) {
        return new Cell(text, style);
    }

    /** Adds a row: texts, whole numbers, {@link Cell}s; null for an empty cell. */
    public Table row(@Nullable Object... values) {
        if (values.length != columns.size()) {
            throw new IllegalArgumentException(values.length + " values for " + columns.size() + " columns");
        }
        rows.add(Arrays.stream(values).map(Table::asCell).toList());
        return this;
    }

    private static Cell asCell(@Nullable Object value) {
        return switch (value) {
            case null -> new Cell("", Style.PLAIN);
            case Cell cell -> cell;
            case Long number -> new Cell(Plain.number(number), Style.PLAIN);
            case Integer number -> new Cell(Plain.number(number), Style.PLAIN);
            default -> new Cell(value.toString(), Style.PLAIN);
        };
    }

    /** How many rows it has, without the headings. */
    public int size() {
        return rows.size();
    }

    /** Prints it, headings first. */
    public void print(PrintWriter out, Screen screen) {
        lines(screen).forEach(out::println);
    }

    /** Its lines, headings first. */
    public List<String> lines(Screen screen) {
        int[] widths = widths(screen.columns());
        List<String> lines = new ArrayList<>(rows.size() + 1);
        lines.add(line(
                columns.stream()
                        .map(column -> new Cell(column.heading(), Style.FAINT))
                        .toList(),
                widths,
                screen));
        rows.forEach(row -> lines.add(line(row, widths, screen)));
        return lines;
    }

    private int[] widths(int available) {
        int[] widths = new int[columns.size()];
        for (int i = 0; i < widths.length; i++) {
            int column = i;
            widths[i] = Math.max(
                    Plain.cells(columns.get(i).heading()),
                    rows.stream()
                            .mapToInt(row -> Plain.cells(row.get(column).text()))
                            .max()
                            .orElse(0));
        }
        long tooWide = Arrays.stream(widths).asLongStream().sum() + (long) GAP * (widths.length - 1) - available;
        while (tooWide > 0) {
            int widest = -1;
            for (int i = 0; i < widths.length; i++) {
                if (columns.get(i).elastic()
                        && widths[i] > LEAST_ELASTIC
                        && (widest < 0 || widths[i] > widths[widest])) {
                    widest = i;
                }
            }
            if (widest < 0) {
                return widths;
            }
            widths[widest]--;
            tooWide--;
        }
        return widths;
    }

    private String line(List<Cell> row, int[] widths, Screen screen) {
        StringBuilder line = new StringBuilder();
        int left = screen.columns();
        int blanks = 0;
        for (int i = 0; i < widths.length && left > blanks; i++) {
            Cell cell = row.get(i);
            String text = Plain.cut(cell.text(), Math.min(widths[i], left - blanks));
            int pad = widths[i] - Plain.cells(text);
            if (columns.get(i).right()) {
                blanks += pad;
                pad = 0;
                text = left > blanks ? Plain.cut(text, left - blanks) : "";
            }
            if (!text.isEmpty()) {
                line.append(" ".repeat(blanks)).append(screen.in(cell.style(), text));
                left -= blanks + Plain.cells(text);
                blanks = 0;
            }
            blanks += pad + GAP;
        }
        return line.toString();
    }
}

package dev.tidemill.schema;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Tables that belong together, and the files that make them.
 *
 * @param name what people know them by: {@code server}; letters
 * @param table where the applied files are recorded, in the component's schema; letters and underscores
 * @param files the released files in their order; each is named by a capital, a number of its own, two underscores and
 *     a word or two: {@code V001__engine.sql}. One that was released never changes.
 * @param text reads a file: SQL in which <code>{schema}</code> stands for the schema as an identifier, quoted, and
 *     <code>{name}</code> for its bare name. It is called by the caller's module, which alone sees its resources.
 * @param afterwards a statement that follows each time when no file is missing, with the same placeholders; empty for
 *     none
 */
public record Component(String name, String table, List<String> files, UnaryOperator<String> text, String afterwards) {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z_]{0,39}");
    private static final Pattern FILE = Pattern.compile("[A-Z](\\d+)__\\w+\\.sql");

    public Component {
        files = List.copyOf(files);
        if (!NAME.matcher(name).matches() || !NAME.matcher(table).matches()) {
            throw new IllegalArgumentException("A component and its table are named by up to 40 small letters and"
                    + " underscores, not '" + name + "' and '" + table + "'.");
        }
        if (numbered(files).isEmpty()) {
            throw new IllegalArgumentException("The component '" + name + "' has no files.");
        }
    }

    /** One that is recorded in {@code migration_<name>}, with nothing to follow. */
    public Component(String name, List<String> files, UnaryOperator<String> text) {
        this(name, "migration_" + name, files, text, "");
    }

    /** The same with some of the files only, as a former version of the program has them. */
    public Component with(List<String> others) {
        return new Component(name, table, others, text, afterwards);
    }

    SortedMap<Integer, String> numbered() {
        return numbered(files);
    }

    private static SortedMap<Integer, String> numbered(List<String> files) {
        SortedMap<Integer, String> numbered = new TreeMap<>();
        for (String file : files) {
            Matcher parts = FILE.matcher(file);
            if (!parts.matches() || numbered.put(Integer.parseInt(parts.group(1)), file) != null) {
                throw new IllegalArgumentException(file + " has no number of its own.");
            }
        }
        return numbered;
    }
}

package dev.tidemill.cli.terminal;

/** How a text stands out where there is colour. */
public enum Style {
    /** As it is. */
    PLAIN(""),
    /** What is well: green. */
    GOOD("32"),
    /** What needs a person: red. */
    BAD("31"),
    /** What may soon: yellow. */
    WARN("33"),
    /** What can be passed over. */
    FAINT("2"),
    /** Headings. */
    STRONG("1");

    private final String code;

    Style(String code) {
        this.code = code;
    }

    String around(String text) {
        return code.isEmpty() || text.isEmpty() ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
    }
}

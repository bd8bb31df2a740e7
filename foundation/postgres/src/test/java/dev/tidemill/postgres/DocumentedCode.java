package dev.tidemill.postgres;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Java in a document, and the test that compiles and runs it. */
final class DocumentedCode {
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    private DocumentedCode() {}

    /** Insists that every line of Java in a document's text stands in a test, indented as it may be. */
    static void isIn(Class<?> test, String document, int atLeastLines) throws IOException {
        List<String> mine = stripped(
                Files.readString(Path.of("src/test/java/" + test.getName().replace('.', '/') + ".java")));
        List<String> shown = new ArrayList<>();
        Matcher blocks = BLOCK.matcher(document);
        while (blocks.find()) {
            shown.addAll(stripped(blocks.group(1)));
        }
        assertThat(shown).hasSizeGreaterThan(atLeastLines);
        assertThat(mine).containsAll(shown);
    }

    /** A document of the repository. */
    static String text(String path) throws IOException {
        return Files.readString(Path.of("../..", path));
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
}

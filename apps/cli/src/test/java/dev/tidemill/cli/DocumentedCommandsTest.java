package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.options.Program;
import dev.tidemill.cli.terminal.Screen;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/** That there are the commands, parameters and options that the pages tell people to type. */
final class DocumentedCommandsTest {
    private static final Pattern COMMAND = Pattern.compile("(?m)^(?: {4}|\\$ )\\./tidemill (?!server|demo)([^|#\n]+)");
    private static final Pattern WORD = Pattern.compile("'([^']*)'|(\\S+)");

    private static List<String> commands(String page) {
        return COMMAND.matcher(page)
                .results()
                .map(found -> found.group(1).strip())
                .toList();
    }

    /** As a shell takes it apart, with something in place of what the page leaves open. */
    private static String[] words(String command) {
        List<String> words = new ArrayList<>();
        for (MatchResult word : WORD.matcher(command).results().toList()) {
            switch (word.group()) {
                case "$DB" -> words.addAll(List.of("--database", "jdbc:postgresql://db/shop"));
                case "ID" -> words.add("1000");
                default -> words.add(word.group(1) == null ? word.group(2) : word.group(1));
            }
        }
        return words.toArray(String[]::new);
    }

    private static String refused(String command) {
        CommandLine line =
                CliMain.commandLine(new Program(Screen.PIPES, new ByteArrayInputStream(new byte[0]), name -> null));
        try {
            line.parseArgs(words(command));
            return "";
        } catch (ParameterException wrong) {
            return command + ": " + wrong.getMessage();
        }
    }

    @Test
    void whatThePagesTellPeopleToTypeIsTaken() throws IOException {
        List<String> commands = new ArrayList<>();
        try (Stream<Path> pages = Files.walk(Path.of("../../docs"))) {
            for (Path page :
                    pages.filter(file -> file.toString().endsWith(".md")).toList()) {
                commands.addAll(commands(Files.readString(page)));
            }
        }
        assertThat(commands).hasSizeGreaterThan(60);
        assertThat(commands.stream().map(DocumentedCommandsTest::refused)).allMatch(String::isEmpty);
    }

    @Test
    void aCommandThatIsNotThereIsFound() {
        assertThat(commands("    ./tidemill breakers shut NAME $DB   # no such\ntext ./tidemill here\n"))
                .containsExactly("breakers shut NAME $DB");
        assertThat(refused("breakers shut NAME $DB")).contains("shut");
        assertThat(refused("pause --reason 'two words'")).isNotEmpty();
    }
}

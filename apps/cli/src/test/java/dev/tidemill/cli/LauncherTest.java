package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.options.Program;
import dev.tidemill.cli.terminal.Screen;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/** That the launcher, which is what people start, knows the commands that there are. */
final class LauncherTest {
    private static final Path LAUNCHER = Path.of("../../tidemill");
    private static final Pattern TAKEN = Pattern.compile("(?m)^  (jobs \\|[^)]+)\\)$");
    private static final Pattern WORD = Pattern.compile("[a-z][a-z-]*");
    private static final Pattern TOLD = Pattern.compile("(?m)^  ([a-z-]+(?:, [a-z-]+)*)  ");

    private static List<String> words(String text) {
        return WORD.matcher(text).results().map(MatchResult::group).toList();
    }

    /** But for the server's, which the launcher starts with settings of its own for the JVM. */
    private static Map<String, CommandLine> commands() {
        Program program = new Program(Screen.PIPES, new ByteArrayInputStream(new byte[0]), name -> null);
        Map<String, CommandLine> commands =
                new HashMap<>(CliMain.commandLine(program).getSubcommands());
        assertThat(commands.remove("server")).isNotNull();
        return commands;
    }

    @Test
    void itStartsEveryCommandThereIsAndNoOther() throws IOException {
        Matcher taken = TAKEN.matcher(Files.readString(LAUNCHER));
        assertThat(taken.find()).isTrue();
        assertThat(words(taken.group(1)))
                .containsExactlyInAnyOrderElementsOf(commands().keySet());
    }

    @Test
    void itTellsOfEveryCommandThatHasAGroupOfItsOwn() throws IOException {
        List<String> told = TOLD.matcher(Files.readString(LAUNCHER))
                .results()
                .flatMap(line -> words(line.group(1)).stream())
                .toList();
        assertThat(told)
                .containsAll(commands().entrySet().stream()
                        .filter(command -> !command.getValue()
                                .getCommandSpec()
                                .usageMessage()
                                .hidden())
                        .map(Map.Entry::getKey)
                        .toList());
    }
}

package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.options.Program;
import dev.tidemill.cli.terminal.Screen;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

/** The completion script in a real shell, and what the help says. */
final class CompletionTest {
    @TempDir
    private Path folder = Path.of("set by JUnit");

    private static CommandLine line() {
        return CliMain.commandLine(new Program(Screen.PIPES, InputStream.nullInputStream(), name -> null));
    }

    private static String said(String... arguments) {
        StringWriter out = new StringWriter();
        assertThat(line().setOut(new PrintWriter(out, true)).execute(arguments)).isZero();
        return out.toString();
    }

    @ParameterizedTest
    @CsvSource({
        "tidemill, jobs dead-letters stats queues doctor schedules limits leases migrate server completion demo bench",
        "tidemill jobs, show why enqueue retry cancel tail",
        "tidemill dead-letters, list groups replay discard",
        "tidemill leases, list break",
        "tidemill stats --, --watch --every --json --database",
    })
    void bashCompletesCommandsAndOptions(String typed, String offered) throws Exception {
        Path script = Files.writeString(folder.resolve("completion"), said("completion", "bash"));
        String word = typed.endsWith("--") ? "" : "''";
        Process bash = new ProcessBuilder(
                        "bash",
                        "--norc",
                        "-c",
                        "source " + script + "\nCOMP_WORDS=(" + typed + " " + word + ")\n"
                                + "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_complete_tidemill\n"
                                + "printf '%s\\n' \"${COMPREPLY[@]}\"\ncomplete -p tidemill")
                .redirectErrorStream(true)
                .start();
        String reply = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(bash.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(bash.exitValue()).as(reply).isZero();
        assertThat(reply.lines().map(String::strip)).contains(offered.split(" ", -1));
        assertThat(reply).contains("-F _complete_tidemill tidemill");
    }

    @Test
    void everyCommandHasAHeaderAndSaysItsExitCodes() {
        check(line());
    }

    private static void check(CommandLine command) {
        String help = command.getUsageMessage();
        assertThat(help)
                .as(command.getCommandSpec().qualifiedName())
                .contains("Exit codes:")
                .contains(" 3   the database");
        assertThat(command.getCommandSpec().usageMessage().header()).isNotEmpty();
        command.getSubcommands().values().forEach(CompletionTest::check);
    }

    @Test
    void whatIsWrittenWronglyIsGuessed() {
        StringWriter err = new StringWriter();
        assertThat(line().setErr(new PrintWriter(err, true)).execute("job", "list"))
                .isEqualTo(2);
        assertThat(err.toString()).contains("jobs").contains("'tidemill --help' says how it is used.");
    }
}

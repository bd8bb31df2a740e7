package dev.tidemill.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.cli.options.Program;
import dev.tidemill.cli.terminal.Screen;
import dev.tidemill.testkit.TestDatabase;
import java.io.ByteArrayInputStream;
import java.io.FilterWriter;
import java.io.IOException;
import java.io.InputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs commands in this process, on a database, as somebody would who sits before a terminal or pipes them. */
final class CliRun {
    private final String schema;
    private final Map<String, @Nullable String> environment = new HashMap<>();
    private Screen screen = Screen.PIPES;
    private byte[] in = new byte[0];
    private int mostLines = Integer.MAX_VALUE;

    CliRun(TestDatabase database, String schema) {
        this.schema = schema;
        environment.put("TIDEMILL_DATABASE", database.jdbcUrl());
        environment.put("TIDEMILL_DATABASE_USER", database.user());
        environment.put("TIDEMILL_DATABASE_PASSWORD", database.password());
    }

    /** What a command said. */
    record Answer(int exit, String out, String err) {
        JsonNode json() {
            assertThat(out.strip().lines())
                    .as("one line of JSON, and not: " + err)
                    .hasSize(1);
            return JsonMapper.shared().readTree(out);
        }

        List<JsonNode> jsonLines() {
            return out.lines().map(line -> JsonMapper.shared().readTree(line)).toList();
        }
    }

    /** Before a terminal. */
    CliRun on(Screen other) {
        screen = other;
        return this;
    }

    /** With this on standard input, for the next command. */
    CliRun reading(String text) {
        in = text.getBytes(StandardCharsets.UTF_8);
        return this;
    }

    /** With another value for a variable; null takes it away. */
    CliRun with(String name, @Nullable String value) {
        environment.put(name, value);
        return this;
    }

    /** With somebody on the other end who goes away after so many lines, as head does. */
    CliRun untilLines(int lines) {
        mostLines = lines;
        return this;
    }

    private static final class Reader extends FilterWriter {
        private int left;

        Reader(Writer to, int lines) {
            super(to);
            left = lines;
        }

        @Override
        public void write(String text, int from, int length) throws IOException {
            if (left <= 0) {
                throw new IOException("nobody reads this any more");
            }
            super.write(text, from, length);
            left -= (int) text.substring(from, from + length)
                    .chars()
                    .filter(c -> c == '\n')
                    .count();
        }
    }

    Answer run(String... arguments) {
        List<String> all = new ArrayList<>(List.of(arguments));
        all.addAll(List.of("--schema", schema));
        return runAsItIs(all.toArray(String[]::new));
    }

    Answer runAsItIs(String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        InputStream input = new ByteArrayInputStream(in);
        in = new byte[0];
        int exit = CliMain.commandLine(new Program(screen, input, environment::get))
                .setOut(new PrintWriter(new Reader(out, mostLines), true))
                .setErr(new PrintWriter(err, true))
                .execute(arguments);
        return new Answer(exit, out.toString(), err.toString());
    }
}

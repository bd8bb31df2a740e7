package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill dead-letters list}. */
@Command(name = "list", header = "Lists the jobs that need a person, newest first.")
final class ListDeadLetters implements Callable<Integer> {
    @Mixin
    private PageLength length = new PageLength(50);

    @Option(names = "--after", paramLabel = "CURSOR", description = "Go on where a page ended.")
    private @Nullable String after;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        int limit = length.checked(output);
        try (Connected to = database.open(output)) {
            List<DeadLetter> letters = to.mill().deadLetters(after, limit);
            boolean more = letters.size() == limit;
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with(
                                "dead_letters",
                                letters.stream().map(JobTexts::deadLetter).toList())
                        .with("next_after", more ? letters.getLast().cursor() : null));
                return ExitCode.DONE;
            }
            Table table = new Table(
                    Column.number("ID"),
                    Column.text("KIND"),
                    Column.text("QUEUE"),
                    Column.text("FAILED"),
                    Column.number("ATTEMPT"),
                    Column.text("CODE"),
                    Column.elastic("ERROR"));
            letters.forEach(letter -> table.row(
                    Long.toString(letter.jobId()),
                    letter.kind(),
                    letter.queue(),
                    Plain.time(letter.failedAt()),
                    letter.attempt(),
                    Table.cell(Style.BAD, letter.code()),
                    JobTexts.firstLine(letter.error())));
            output.table(table, "No dead letters.");
            if (more) {
                output.say("There may be more: --after " + letters.getLast().cursor() + " goes on.");
            }
            return ExitCode.DONE;
        }
    }
}

package dev.tidemill.cli.health;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.jobs.AuditLine;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill audit}. */
@Command(
        name = "audit",
        header = "Says who changed what, newest first.",
        description = {"", "Lines stay for 400 days."})
final class AuditCommand implements Callable<Integer> {
    @Option(names = "--action", paramLabel = "ACTION", description = "Only this, such as pause or 'replay all'.")
    private @Nullable String action;

    @Option(names = "--target", paramLabel = "TARGET", description = "Only what is about this, such as 'JOB 4711'.")
    private @Nullable String target;

    @Mixin
    private PageLength length = new PageLength(50);

    @Option(names = "--before", paramLabel = "ID", description = "Only lines with smaller ids, to go on.")
    private long before = Long.MAX_VALUE;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        int limit = length.checked(output);
        try (Connected to = database.open(output)) {
            List<AuditLine> lines = to.mill().audit(before, limit, action, target);
            Long next = lines.size() == limit ? lines.getLast().id() : null;
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("lines", lines.stream().map(AuditCommand::json).toList())
                        .with("next_before", next));
            } else {
                lines.forEach(line -> output.say(line.id() + "  " + Plain.time(line.at()) + "  "
                        + Plain.line(line.by() + ": " + line.action() + " " + line.target()
                                + (line.detail().isEmpty() ? "" : " (" + line.detail() + ")"))));
                if (lines.isEmpty()) {
                    output.say("Nothing was changed, as far as is remembered.");
                }
                if (next != null) {
                    output.say("There may be more: --before " + next + " goes on.");
                }
            }
            return ExitCode.DONE;
        }
    }

    private static JsonObject json(AuditLine line) {
        return new JsonObject()
                .with("id", line.id())
                .with("at", line.at())
                .with("by", line.by())
                .with("action", line.action())
                .with("target", line.target())
                .with("detail", line.detail());
    }
}

package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.jobs.Why;
import dev.tidemill.server.program.ExitCode;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill jobs why}. */
@Command(
        name = "why",
        header = "Says why a job is not running, or where it is.",
        description = {
            "",
            "The decisive reason comes first. Off-peak windows are known to the application alone: ask its server for"
                    + " them, GET /api/v1/jobs/ID/why."
        })
final class WhyJob implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "The job.")
    private long id;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            Optional<Why> why = to.mill().why(id);
            if (output.isJson()) {
                output.json(why.map(found -> JsonObject.of(found.asMap()))
                        .orElseGet(() -> new JsonObject().with("id", id).with("code", "NOT_FOUND")));
            } else if (why.isPresent()) {
                print(why.get());
            } else {
                output.say("There is no job " + id + ".");
            }
            return why.isPresent() ? ExitCode.DONE : ExitCode.NO;
        }
    }

    private void print(Why why) {
        output.say("Job " + why.jobId() + " (" + why.kind() + ", " + why.priority() + " on " + why.queue() + ") is "
                + output.in(JobTexts.style(why.state()), why.state().name()) + ".");
        for (Why.Reason reason : why.reasons()) {
            output.say(output.in(Style.STRONG, reason.cause().name()) + ": " + Plain.line(reason.text()));
            if (!reason.remedy().isEmpty()) {
                output.say("  remedy  " + Plain.line(reason.remedy()));
            }
        }
    }
}

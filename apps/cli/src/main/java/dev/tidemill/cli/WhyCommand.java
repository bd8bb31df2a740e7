package dev.tidemill.cli;

import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Why;
import java.io.PrintWriter;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code tidemill why}. */
@Command(
        name = "why",
        sortOptions = false,
        header = "Says why a job is not running, or where it is; no server has to be up.",
        description = {
            "",
            "The decisive reason comes first. Off-peak windows are known to the application alone: ask its server for them, "
                    + "GET /api/v1/jobs/ID/why. Exit codes: 0 answered, 1 there is no such job, 2 it could not look.",
            ""
        },
        optionListHeading = "Options:%n")
final class WhyCommand implements Callable<Integer> {
    @Parameters(paramLabel = "ID", description = "The job.")
    private long id;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (HandMill mill = database.open("why")) {
            Optional<Why> why = mill.tidemill().why(id);
            if (output.isJson()) {
                output.json(why.isPresent() ? why.get().asMap() : Map.of("id", id, "code", "NOT_FOUND"));
            } else if (why.isPresent()) {
                print(output.text(), why.get());
            } else {
                output.text().println("There is no job " + id + ".");
            }
            return why.isPresent() ? 0 : 1;
        }
    }

    private static void print(PrintWriter out, Why why) {
        out.println("Job " + why.jobId() + " (" + why.kind() + ", " + why.priority() + " on " + why.queue() + ") is "
                + why.state() + ".");
        for (Why.Reason reason : why.reasons()) {
            out.println(reason.cause() + ": " + reason.text());
            if (!reason.remedy().isEmpty()) {
                out.println("  remedy  " + reason.remedy());
            }
        }
    }
}

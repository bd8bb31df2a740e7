package dev.tidemill.cli.options;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.terminal.Bar;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobActions;
import dev.tidemill.jobs.JobActions.Bulk;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which jobs: by their ids, or all for which everything holds that is given. */
public final class Selection {
    @Parameters(paramLabel = "ID", arity = "0..*", description = "The jobs.")
    private List<Long> ids = List.of();

    @Option(names = "--all", description = "All of them; alone, or with what they have in common.")
    private boolean all;

    @Mixin
    private Common common = new Common();

    @Option(names = "--state", paramLabel = "STATE", description = "READY or SCHEDULED; without it, both.")
    private @Nullable JobState state;

    @Option(
            names = "--most",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "Where to stop. Default, and at most: ${DEFAULT-VALUE}.")
    private int most = JobActions.MOST;

    @Option(names = "--dry-run", description = "Say how many, and change nothing.")
    private boolean dryRun;

    /** Those that were named; empty where a filter was given. */
    public List<Long> ids() {
        return ids;
    }

    /** Whether it names no jobs but what they have in common; refuses a command that does both, or neither. */
    public boolean isFilter(Output output) {
        boolean filtered = all || !filter().equals(JobFilter.ANY);
        if (filtered == !ids.isEmpty() || (dryRun && !filtered)) {
            throw output.wrong(
                    "Name jobs, or say what they have in common (--kind, --queue, .. or --all): one of them.");
        }
        return filtered;
    }

    private JobFilter filter() {
        return common.filter(state, null);
    }

    /**
     * Does it to all that fits, and tells how many they were; the exit code.
     *
     * @param counted what a terminal shows the number of
     * @param done what they are then
     */
    public int act(DatabaseOptions database, JobAction action, String by, Output output, String counted, String done) {
        try (Connected to = database.openForLong(output);
                Bar bar = output.bar(counted, 0)) {
            JobActions actions = to.mill().actions();
            Bulk bulk =
                    dryRun ? actions.count(filter(), action, most) : actions.all(filter(), action, most, by, bar::at);
            bar.clear();
            tell(bulk, output, done);
            return ExitCode.DONE;
        }
    }

    private void tell(Bulk bulk, Output output, String done) {
        if (output.isJson()) {
            output.json(new JsonObject()
                    .with("count", bulk.count())
                    .with("more", bulk.more())
                    .with("dry_run", dryRun));
            return;
        }
        output.say((bulk.count() == 1 ? "1 job" : bulk.count() + " jobs")
                + (dryRun ? " would be " : bulk.count() == 1 ? " is " : " are ")
                + done
                + (bulk.more() ? "; there are more." : "."));
    }
}

package dev.tidemill.cli;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobActions;
import dev.tidemill.jobs.JobActions.Bulk;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;

/** Which jobs: by their ids, or all for which everything holds that is given. */
final class Selection {
    @Parameters(paramLabel = "ID", arity = "0..*", description = "The jobs.")
    private List<Long> ids = List.of();

    @Option(names = "--all", description = "All of them; alone, or with what they have in common.")
    private boolean all;

    @Option(names = "--kind", paramLabel = "KIND", description = "Those of this kind.")
    private @Nullable String kind;

    @Option(names = "--queue", paramLabel = "QUEUE", description = "Those on this queue.")
    private @Nullable String queue;

    @Option(names = "--key", paramLabel = "KEY", description = "Those with this key.")
    private @Nullable String key;

    @Option(names = "--tag", paramLabel = "NAME:VALUE", description = "Those with this tag.")
    private @Nullable String tag;

    @Option(names = "--code", paramLabel = "CODE", description = "Dead letters of this code, such as TIMED_OUT.")
    private @Nullable String code;

    @Option(names = "--state", paramLabel = "STATE", description = "READY or SCHEDULED; without it, both.")
    private @Nullable JobState state;

    @Option(names = "--enqueued-from", paramLabel = "TIME", description = "Those enqueued then or later.")
    private @Nullable Instant enqueuedFrom;

    @Option(names = "--enqueued-before", paramLabel = "TIME", description = "Those enqueued earlier.")
    private @Nullable Instant enqueuedBefore;

    @Option(
            names = "--most",
            paramLabel = "N",
            defaultValue = "1000000",
            description = "Where to stop. Default, and at most: ${DEFAULT-VALUE}.")
    private int most = JobActions.MOST;

    @Option(names = "--dry-run", description = "Say how many, and change nothing.")
    private boolean dryRun;

    List<Long> ids() {
        return ids;
    }

    /** Whether it names no jobs but what they have in common; refuses a command that does both, or neither. */
    boolean isFilter(Output output) {
        boolean filtered = all || !filter().equals(JobFilter.ANY);
        if (filtered == !ids.isEmpty() || (dryRun && !filtered)) {
            throw new ParameterException(
                    output.spec().commandLine(),
                    "Name jobs, or say what they have in common (--kind, --queue, .. or --all): one of them.");
        }
        return filtered;
    }

    private JobFilter filter() {
        String given = tag;
        int colon = given == null ? -1 : given.indexOf(':');
        if (given != null && colon < 1) {
            throw new TidemillException(ErrorCode.INVALID_OPTION, "--tag is '" + given + "'; write it as name:value.");
        }
        return new JobFilter(
                state,
                kind,
                queue,
                key,
                given == null ? null : given.substring(0, colon),
                given == null ? null : given.substring(colon + 1),
                code,
                enqueuedFrom,
                enqueuedBefore);
    }

    /** Does it to all that fits, and tells how many they were; exit code 0. */
    int act(Tidemill mill, JobAction action, String by, Output output, String key, String done) {
        Bulk bulk = dryRun
                ? mill.actions().count(filter(), action, most)
                : mill.actions().all(filter(), action, most, by);
        if (output.isJson()) {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put(dryRun ? "fitting" : key, bulk.count());
            answer.put("more", bulk.more());
            output.json(answer);
            return 0;
        }
        output.text()
                .println((bulk.count() == 1 ? "1 job" : bulk.count() + " jobs")
                        + (dryRun ? " would be " : bulk.count() == 1 ? " is " : " are ")
                        + done
                        + (bulk.more() ? "; there are more." : "."));
        return 0;
    }
}

package dev.tidemill.cli.options;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What jobs have in common, as options say it. */
public final class Common {
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

    @Option(
            names = "--enqueued-from",
            paramLabel = "TIME",
            converter = Time.class,
            description = "Those enqueued then or later, such as 2030-01-31T09:00:00Z.")
    private @Nullable Instant enqueuedFrom;

    @Option(
            names = "--enqueued-before",
            paramLabel = "TIME",
            converter = Time.class,
            description = "Those enqueued earlier.")
    private @Nullable Instant enqueuedBefore;

    /** For picocli. */
    public Common() {}

    /**
     * The filter of these and what a command has beside them.
     *
     * @param error a text in an error
     */
    public JobFilter filter(@Nullable JobState state, @Nullable String error) {
        Tag parsed = Tag.parse(tag);
        return new JobFilter(
                state,
                kind,
                queue,
                key,
                parsed == null ? null : parsed.name(),
                parsed == null ? null : parsed.value(),
                code,
                enqueuedFrom,
                enqueuedBefore,
                error);
    }
}

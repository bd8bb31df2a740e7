package dev.tidemill.cli.options;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Priority;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a job waits, how urgent it is, and what it is found by. */
public final class Place {
    @Option(names = "--queue", paramLabel = "QUEUE", description = "Where it waits. Default: 'default'.")
    private @Nullable String queue;

    @Option(
            names = "--priority",
            paramLabel = "PRIORITY",
            description = "CRITICAL, HIGH, MEDIUM, LOW or OFF_PEAK. Default: MEDIUM.")
    private @Nullable String priority;

    @Option(names = "--tag", paramLabel = "NAME:VALUE", description = "To find it by; may be given several times.")
    private List<String> tags = List.of();

    /** For picocli. */
    public Place() {}

    /** The options of an enqueue that say so. */
    public EnqueueOptions options() {
        EnqueueOptions options = EnqueueOptions.NONE;
        if (queue != null) {
            options = options.onQueue(queue);
        }
        if (priority != null) {
            options = options.withPriority(Priority.parse(priority));
        }
        for (String given : tags) {
            Tag tag = Tag.parse(given);
            options = tag == null ? options : options.tag(tag.name(), tag.value());
        }
        return options;
    }
}

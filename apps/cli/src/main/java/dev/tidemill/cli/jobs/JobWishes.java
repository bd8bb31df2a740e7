package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Span;
import dev.tidemill.cli.options.Tag;
import dev.tidemill.cli.options.Time;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Unique;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a job is enqueued. */
final class JobWishes {
    @Option(names = "--queue", paramLabel = "QUEUE", description = "Where it waits. Default: 'default'.")
    private @Nullable String queue;

    @Option(
            names = "--priority",
            paramLabel = "PRIORITY",
            description = "CRITICAL, HIGH, MEDIUM, LOW or OFF_PEAK. Default: MEDIUM.")
    private @Nullable String priority;

    @Option(
            names = "--delay",
            paramLabel = "TIME",
            converter = Span.class,
            description = "Run it so long from now: 90s, 10m, 2h, 7d.")
    private @Nullable Duration delay;

    @Option(
            names = "--at",
            paramLabel = "TIME",
            converter = Time.class,
            description = "Run it then: 2030-01-31T09:00:00Z.")
    private @Nullable Instant at;

    @Option(names = "--key", paramLabel = "KEY", description = "What limits and fairness know it by.")
    private @Nullable String key;

    @Option(
            names = "--unique-key",
            paramLabel = "KEY",
            description = "None of its kind with this key beside it: if there is one, that stays and is named.")
    private @Nullable String uniqueKey;

    @Option(names = "--tag", paramLabel = "NAME:VALUE", description = "To find it by; may be given up to 20 times.")
    private List<String> tags = List.of();

    @Option(
            names = "--attempts",
            paramLabel = "N",
            description = "Counted attempts, 1 to 1000. Default: the kind's, or 3.")
    private @Nullable Integer attempts;

    @Option(
            names = "--timeout",
            paramLabel = "TIME",
            converter = Span.class,
            description = "How long one attempt may take. Default: the kind's, or none.")
    private @Nullable Duration timeout;

    boolean areGiven() {
        return !options().equals(EnqueueOptions.NONE);
    }

    EnqueueOptions options() {
        EnqueueOptions options = EnqueueOptions.NONE;
        if (queue != null) {
            options = options.onQueue(queue);
        }
        if (priority != null) {
            options = options.withPriority(Priority.parse(priority));
        }
        if (delay != null) {
            options = options.in(delay);
        }
        if (at != null) {
            options = options.at(at);
        }
        if (key != null) {
            options = options.key(key);
        }
        if (uniqueKey != null) {
            options = options.onlyOne(Unique.key(uniqueKey));
        }
        for (String given : tags) {
            Tag tag = Tag.parse(given);
            options = tag == null ? options : options.tag(tag.name(), tag.value());
        }
        if (attempts != null) {
            options = options.attempts(attempts);
        }
        return timeout == null ? options : options.timeout(timeout);
    }
}

package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Place;
import dev.tidemill.cli.options.Span;
import dev.tidemill.cli.options.Time;
import dev.tidemill.jobs.EnqueueOptions;
import java.time.Duration;
import java.time.Instant;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** How a job is enqueued. */
final class JobWishes {
    @Mixin
    private Place place = new Place();

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

    @ArgGroup(exclusive = false)
    private @Nullable UniqueWishes unique;

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
        EnqueueOptions options = place.options();
        if (delay != null) {
            options = options.in(delay);
        }
        if (at != null) {
            options = options.at(at);
        }
        if (key != null) {
            options = options.key(key);
        }
        if (unique != null) {
            options = options.onlyOne(unique.unique());
        }
        if (attempts != null) {
            options = options.attempts(attempts);
        }
        return timeout == null ? options : options.timeout(timeout);
    }
}

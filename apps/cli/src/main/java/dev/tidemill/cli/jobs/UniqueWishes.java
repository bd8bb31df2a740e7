package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Span;
import dev.tidemill.jobs.Unique;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** That there is one job of its kind with a key at a time, and what becomes of another one. */
final class UniqueWishes {
    @Option(
            names = "--unique-key",
            required = true,
            paramLabel = "KEY",
            description = "None of its kind with this key beside it: if there is one, that is named.")
    private String key = "";

    @Option(
            names = "--mode",
            defaultValue = "KEEP_FIRST",
            description = "What becomes of it then: ${COMPLETION-CANDIDATES}. Default: it is dropped.")
    private Unique.Mode mode = Unique.Mode.KEEP_FIRST;

    @Option(
            names = "--window",
            paramLabel = "TIME",
            converter = Span.class,
            description = "The key stays taken for so long at least; THROTTLE needs it.")
    private @Nullable Duration window;

    @Option(
            names = "--wait",
            paramLabel = "TIME",
            converter = Span.class,
            description = "With DEBOUNCE: it is due so long after the last one.")
    private @Nullable Duration quiet;

    @Option(
            names = "--max-wait",
            paramLabel = "TIME",
            converter = Span.class,
            description = "With DEBOUNCE: but no later than so long after the first.")
    private @Nullable Duration maxWait;

    @Option(names = "--release", description = "When the key is free: ${COMPLETION-CANDIDATES}. Default: the mode's.")
    private Unique.@Nullable Release release;

    Unique unique() {
        return new Unique(key, mode, release, window, quiet, maxWait);
    }
}

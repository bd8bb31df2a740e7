package dev.tidemill.cli.options;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How often something is looked at, and for how long. */
public final class Pace {
    private static final Duration SHORTEST = Duration.ofMillis(100);
    private static final Duration LONGEST = Duration.ofHours(1);

    @Option(
            names = "--every",
            paramLabel = "TIME",
            converter = Span.class,
            defaultValue = "2s",
            description = "How often to look: 1s, 5s, 1m; 0.1s to 1h. Default: ${DEFAULT-VALUE}.")
    private Duration every = Duration.ofSeconds(2);

    @Option(
            names = "--for",
            paramLabel = "TIME",
            converter = Span.class,
            description = "Stop after this time; without it Ctrl-C does.")
    private @Nullable Duration length;

    private long started = System.nanoTime();

    /** What is looked at. */
    @FunctionalInterface
    public interface Look {
        /** Looks, and says whether to go on. */
        boolean goesOn();
    }

    /** Looks at once, and then again and again until it is not to go on, nobody reads any more, or the time is over. */
    public void run(Output output, Look look) {
        if (every.compareTo(SHORTEST) < 0 || every.compareTo(LONGEST) > 0) {
            throw output.wrong("--every is " + every + "; it must be between 0.1s and 1h.");
        }
        started = System.nanoTime();
        try {
            while (look.goesOn() && !output.text().checkError()) {
                long left = length == null ? Long.MAX_VALUE : length.toNanos() - (System.nanoTime() - started);
                if (left <= 0) {
                    return;
                }
                Thread.sleep(Duration.ofNanos(Math.min(left, every.toNanos())));
            }
        } catch (InterruptedException stopped) {
            Thread.currentThread().interrupt();
        }
    }
}

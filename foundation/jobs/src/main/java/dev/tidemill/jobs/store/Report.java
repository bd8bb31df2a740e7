package dev.tidemill.jobs.store;

import dev.tidemill.jobs.LogLevel;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a handler reported since it was last asked.
 *
 * @param job its job
 * @param result JSON text; null for none
 * @param lines new lines, in order
 * @param progress how far it is; null if that has not changed
 * @param ended whether the attempt is over, so that its progress is no more
 */
public record Report(
        ClaimedJob job,
        @Nullable String result,
        List<Line> lines,
        @Nullable Step progress,
        boolean ended) {
    public Report {
        lines = List.copyOf(lines);
    }

    /**
     * A line.
     *
     * @param number from 1 in its attempt
     * @param atMicros when it was logged
     * @param level how much it matters
     * @param text what it says
     */
    public record Line(int number, long atMicros, LogLevel level, String text) {}

    /**
     * How far it is.
     *
     * @param done how much is done
     * @param total of how much; 0 if unknown
     * @param message what it is doing; null for none
     */
    public record Step(long done, long total, @Nullable String message) {}
}

package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.LogLevel;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Report;
import dev.tidemill.jobs.store.Report.Line;
import dev.tidemill.jobs.store.Report.Step;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What one attempt's handler reports, until it is written: lines and progress by the {@link Reporter}, once a second,
 * the rest with the outcome. Made when the handler first reports something. Thread safe.
 */
final class Reporting {
    static final int LINES = 1_000;
    static final int LOG_BYTES = 256 << 10;
    private static final int LINE_LENGTH = 2_000;
    private static final int MESSAGE_LENGTH = 500;

    private final ClaimedJob job;
    private final EpochWork epoch;
    private List<Line> lines = new ArrayList<>();
    private int number;
    private long bytes;
    private long dropped;
    private @Nullable Step step;
    private @Nullable String result;
    private boolean ended;

    Reporting(ClaimedJob job, EpochWork epoch) {
        this.job = job;
        this.epoch = epoch;
    }

    EpochWork epoch() {
        return epoch;
    }

    synchronized void log(LogLevel level, String line, long atMicros) {
        String text = storable(line, LINE_LENGTH);
        int size = text.getBytes(StandardCharsets.UTF_8).length;
        if (number >= LINES || bytes + size > LOG_BYTES) {
            dropped++;
            return;
        }
        bytes += size;
        lines.add(new Line(++number, atMicros, level, text));
    }

    synchronized void progress(long done, long total, @Nullable String message) {
        step = new Step(done, total, message == null ? null : storable(message, MESSAGE_LENGTH));
    }

    synchronized void result(String json) {
        result = json;
    }

    synchronized @Nullable String result() {
        return result;
    }

    /** What is new; null if nothing is, or the attempt is over and its outcome takes the rest along. */
    synchronized @Nullable Report take() {
        if (ended || (lines.isEmpty() && step == null)) {
            return null;
        }
        return report(null);
    }

    /** What is left, once. */
    synchronized @Nullable Report end(long atMicros) {
        if (ended) {
            return null;
        }
        ended = true;
        if (dropped > 0) {
            lines.add(new Line(
                    ++number,
                    atMicros,
                    LogLevel.WARN,
                    dropped + " more lines were dropped: an attempt keeps " + LINES + " lines and " + (LOG_BYTES >> 10)
                            + " KiB."));
        }
        step = null;
        return report(result);
    }

    private Report report(@Nullable String withResult) {
        Report report = new Report(job, withResult, lines, step, ended);
        lines = new ArrayList<>();
        step = null;
        return report;
    }

    /** Cut to a length, without what PostgreSQL refuses: NUL and halves of characters. */
    private static String storable(String text, int length) {
        String cut = text.length() > length ? text.substring(0, length - 1) + "…" : text;
        byte[] valid = cut.replace('\0', '\uFFFD').getBytes(StandardCharsets.UTF_8);
        return new String(valid, StandardCharsets.UTF_8);
    }
}

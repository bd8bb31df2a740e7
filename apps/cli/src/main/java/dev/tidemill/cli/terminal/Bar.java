package dev.tidemill.cli.terminal;

import java.io.PrintWriter;
import java.time.Duration;

/**
 * How far something long has come, on one line of a terminal's standard error that is written over ten times a second at
 * most; nothing where that is no terminal. For one thread.
 */
public final class Bar implements AutoCloseable {
    private static final long EVERY_NANOS = 100_000_000L;
    private static final int WIDTH = 24;

    private final PrintWriter err;
    private final boolean shown;
    private final String what;
    private final long total;
    private final long started = System.nanoTime();
    private long last = started - EVERY_NANOS;
    private int longest;

    /**
     * Starts one.
     *
     * @param err standard error
     * @param what is being done, such as {@code enqueued}
     * @param total how much there is to do; 0 if that is not known
     */
    public Bar(PrintWriter err, Screen screen, String what, long total) {
        this.err = err;
        this.shown = screen.errIsTerminal();
        this.what = what;
        this.total = total;
    }

    /** So much is done. */
    public void at(long done) {
        long now = System.nanoTime();
        if (!shown || now - last < EVERY_NANOS) {
            return;
        }
        last = now;
        StringBuilder line = new StringBuilder("\r");
        if (total > 0) {
            int filled = Math.clamp(done * WIDTH / total, 0, WIDTH);
            line.append('[')
                    .append("#".repeat(filled))
                    .append(".".repeat(WIDTH - filled))
                    .append("] ")
                    .append(Math.min(100, done * 100 / total))
                    .append("%  ");
        }
        line.append(Plain.number(done)).append(' ').append(what);
        Duration passed = Duration.ofNanos(now - started);
        if (passed.toMillis() >= 1000) {
            line.append(", ")
                    .append(Plain.number(done * 1000 / passed.toMillis()))
                    .append("/s");
        }
        int length = line.length();
        line.append(" ".repeat(Math.max(0, longest - length)));
        longest = Math.max(longest, length);
        err.print(line);
        err.flush();
    }

    @Override
    public void close() {
        clear();
    }

    /** Takes the line away, so that an answer can follow. */
    public void clear() {
        if (longest > 0) {
            err.print("\r" + " ".repeat(longest) + "\r");
            err.flush();
        }
    }
}

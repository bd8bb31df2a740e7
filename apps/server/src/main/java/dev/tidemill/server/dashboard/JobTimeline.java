package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.AttemptView;
import dev.tidemill.jobs.JobView;
import dev.tidemill.server.page.Format;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A job's life as bars from left to right: when it waited, and when it ran. Attempts are at least wide enough to be
 * seen; what waits gives way to them.
 */
public final class JobTimeline {
    /** How wide the drawing is, in its own units. */
    public static final int WIDTH = 1_000;

    private static final double LEAST = 6;

    /**
     * A piece of it.
     *
     * @param x where it begins, of {@link #WIDTH}
     * @param width how wide it is
     * @param css its style class
     * @param title what it was, in words
     */
    public record Bar(String x, String width, String css, String title) {}

    private record Piece(Duration took, String css, String title) {}

    private JobTimeline() {}

    /** The bars of a job at a moment; one at least. */
    static List<Bar> of(JobView job, Instant now) {
        List<Piece> pieces = new ArrayList<>();
        Instant at = job.createdAt();
        for (AttemptView attempt : job.attempts()) {
            waited(pieces, at, attempt.startedAt(), pieces.isEmpty() ? "waited" : "waited to be tried again");
            pieces.add(new Piece(
                    attempt.took(),
                    Format.css(attempt.outcome()),
                    "attempt " + attempt.attempt() + " " + Format.words(attempt.outcome()) + " after "
                            + Format.duration(attempt.took())));
            at = later(at, attempt.startedAt().plus(attempt.took()));
        }
        switch (job.state()) {
            case READY -> waited(pieces, at, now, "waits to be started");
            case SCHEDULED -> waited(pieces, at, now, "waits for its time");
            case RUNNING ->
                pieces.add(new Piece(
                        positive(Duration.between(at, now)),
                        "running",
                        "with a node since " + Format.time(at) + " at the earliest"));
            case SUCCEEDED, DEAD, DISCARDED, CANCELLED -> {}
        }
        if (pieces.isEmpty()) {
            pieces.add(new Piece(Duration.ZERO, "waited", Format.words(job.state())));
        }
        return drawn(pieces);
    }

    private static void waited(List<Piece> pieces, Instant from, Instant to, String title) {
        Duration took = Duration.between(from, to);
        if (took.isPositive()) {
            pieces.add(new Piece(took, "waited", title + " for " + Format.duration(took)));
        }
    }

    private static List<Bar> drawn(List<Piece> pieces) {
        double total =
                pieces.stream().mapToDouble(piece -> piece.took().toNanos()).sum();
        double room = WIDTH - LEAST * pieces.size();
        List<Bar> bars = new ArrayList<>();
        double x = 0;
        for (Piece piece : pieces) {
            double width = LEAST
                    + (total == 0 ? room / pieces.size() : room * piece.took().toNanos() / total);
            bars.add(new Bar(number(x), number(Math.max(1, width - 2)), piece.css(), piece.title()));
            x += width;
        }
        return bars;
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static Instant later(Instant one, Instant other) {
        return one.isAfter(other) ? one : other;
    }

    private static Duration positive(Duration value) {
        return value.isNegative() ? Duration.ZERO : value;
    }
}

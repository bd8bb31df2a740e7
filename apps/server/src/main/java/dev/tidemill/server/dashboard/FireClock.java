package dev.tidemill.server.dashboard;

import dev.tidemill.jobs.ScheduleView;
import dev.tidemill.server.page.Format;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** When schedules fire in a stretch of time from now, as marks on a line. */
public final class FireClock {
    /** How wide the drawing is, in its own units. */
    public static final int WIDTH = 1_000;
    /** A schedule that fires more often than this in the stretch is drawn as a line: its marks would touch. */
    private static final int MOST_MARKS = 120;

    /**
     * A schedule's marks.
     *
     * @param schedule the schedule
     * @param marks where they are, of {@link #WIDTH}
     * @param dense whether it fires too often for marks
     * @param text the same in words
     */
    public record Line(ScheduleView schedule, List<String> marks, boolean dense, String text) {}

    private FireClock() {}

    static Line line(ScheduleView schedule, Instant now, Duration stretch) {
        Instant end = now.plus(stretch);
        List<String> marks = new ArrayList<>();
        Instant first = schedule.nextFireAt();
        Optional<Instant> fire = Optional.ofNullable(first);
        while (fire.isPresent() && fire.get().isBefore(end) && marks.size() < MOST_MARKS) {
            double x = (double) Duration.between(now, fire.get()).toMillis() / stretch.toMillis() * WIDTH;
            marks.add(String.format(Locale.ROOT, "%.1f", Math.max(0, x)));
            fire = schedule.timing().next(fire.get());
        }
        boolean dense = marks.size() == MOST_MARKS;
        String text = schedule.name() + ": "
                + (first == null
                        ? "no fire is known"
                        : marks.isEmpty()
                                ? "none in this time, the next at " + Format.dayTime(first)
                                : (dense ? "more than " + MOST_MARKS : marks.size()) + " fires, the next at "
                                        + Format.dayTime(first));
        return new Line(schedule, dense ? List.of() : marks, dense, text);
    }

    /** The times that the axis names: five, evenly spread. */
    static List<String> axis(Instant now, Duration stretch) {
        List<String> labels = new ArrayList<>();
        for (int i = 0; i < 5; i++) {
            Instant at = now.plus(stretch.multipliedBy(i).dividedBy(4));
            labels.add(stretch.toHours() <= 24 ? Format.minute(at) : Format.day(at));
        }
        return labels;
    }
}

package dev.tidemill.server.page;

import dev.tidemill.jobs.Minute;
import java.util.List;
import java.util.function.ToLongFunction;

/** Sums over minutes. */
public final class Minutes {
    private Minutes() {}

    private static long sum(List<Minute> minutes, ToLongFunction<Minute> value) {
        return minutes.stream().mapToLong(value).sum();
    }

    /** Attempts that succeeded. */
    public static long succeeded(List<Minute> minutes) {
        return sum(minutes, Minute::succeeded);
    }

    /** Attempts that failed or timed out. */
    public static long failed(List<Minute> minutes) {
        return sum(minutes, Minute::failed);
    }

    /** Attempts that started in time. */
    public static long met(List<Minute> minutes) {
        return sum(minutes, Minute::met);
    }

    /** Attempts that started late. */
    public static long missed(List<Minute> minutes) {
        return sum(minutes, Minute::missed);
    }
}

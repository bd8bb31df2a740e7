package dev.tidemill.server;

import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priorities.Window;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.TidemillException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** By which start deadlines the server enqueues, and in which order and when its remote workers and endpoints get jobs. */
final class PriorityOptions {
    @Option(
            names = "--off-peak",
            paramLabel = "WINDOW",
            description = "Run off-peak jobs only in this daily window: '22:00-06:00 Europe/Berlin'. May be repeated. "
                    + "Default: at any time.")
    private List<String> windows = List.of();

    @Option(
            names = "--start-deadline",
            paramLabel = "PRIORITY=TIME",
            description =
                    "How long after it is due a job of this priority may start and still be in time: LOW=30m. May be "
                            + "repeated. Default: CRITICAL=1s, HIGH=30s, MEDIUM=5m, LOW=1h, OFF_PEAK=24h.")
    private Map<String, Duration> deadlines = Map.of();

    @Option(
            names = "--weight",
            paramLabel = "PRIORITY=N",
            description =
                    "The share that an overdue priority keeps beside others, 1 to 1000: HIGH=12. May be repeated. "
                            + "Default: CRITICAL=16, HIGH=8, MEDIUM=4, LOW=2, OFF_PEAK=1.")
    private Map<String, Integer> weights = Map.of();

    /**
     * What was chosen, and the usual.
     *
     * @throws TidemillException INVALID_OPTION if it cannot be read, or is out of bounds
     */
    Priorities priorities() {
        Priorities chosen = Priorities.standard()
                .offPeak(windows.stream().map(Window::parse).toArray(Window[]::new));
        for (Map.Entry<String, Duration> deadline : deadlines.entrySet()) {
            chosen = chosen.deadline(Priority.parse(deadline.getKey()), deadline.getValue());
        }
        for (Map.Entry<String, Integer> weight : weights.entrySet()) {
            chosen = chosen.weight(Priority.parse(weight.getKey()), weight.getValue());
        }
        return chosen;
    }
}

package dev.tidemill.server;

import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priorities.Window;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.TidemillException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** By which start deadlines the server enqueues, and in which order and when its remote workers and endpoints get jobs. */
final class PriorityOptions {
    @Option(
            names = "--off-peak",
            paramLabel = "WINDOW",
            converter = Windows.class,
            description = "Run off-peak jobs only in this daily window: '22:00-06:00 Europe/Berlin'. May be repeated. "
                    + "Default: at any time.")
    private List<Window> windows = List.of();

    @Option(
            names = "--start-deadline",
            paramLabel = "PRIORITY=TIME",
            converter = {Names.class, ServerMain.Span.class},
            description =
                    "How long after it is due a job of this priority may start and still be in time: LOW=30m. May be "
                            + "repeated. Default: CRITICAL=1s, HIGH=30s, MEDIUM=5m, LOW=1h, OFF_PEAK=24h.")
    private Map<Priority, Duration> deadlines = Map.of();

    @Option(
            names = "--weight",
            paramLabel = "PRIORITY=N",
            converter = Names.class,
            description =
                    "The share that an overdue priority keeps beside others, 1 to 1000: HIGH=12. May be repeated. "
                            + "Default: CRITICAL=16, HIGH=8, MEDIUM=4, LOW=2, OFF_PEAK=1.")
    private Map<Priority, Integer> weights = Map.of();

    Priorities priorities() {
        Priorities chosen = Priorities.standard().offPeak(windows.toArray(Window[]::new));
        for (Map.Entry<Priority, Duration> deadline : deadlines.entrySet()) {
            chosen = chosen.deadline(deadline.getKey(), deadline.getValue());
        }
        for (Map.Entry<Priority, Integer> weight : weights.entrySet()) {
            chosen = chosen.weight(weight.getKey(), weight.getValue());
        }
        return chosen;
    }

    static final class Windows implements ITypeConverter<Window> {
        @Override
        public Window convert(String value) {
            try {
                return Window.parse(value);
            } catch (TidemillException refused) {
                throw new TypeConversionException(refused.getMessage());
            }
        }
    }

    static final class Names implements ITypeConverter<Priority> {
        @Override
        public Priority convert(String value) {
            try {
                return Priority.parse(value);
            } catch (TidemillException refused) {
                throw new TypeConversionException(refused.getMessage());
            }
        }
    }
}

package dev.tidemill.cli.health;

import dev.tidemill.cli.json.ControlJson;
import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.jobs.Limit;
import dev.tidemill.jobs.LimitView;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill queues}. */
@Command(
        name = "queues",
        header =
                "Shows the queues: what runs, what waits in each priority, how late it is, and whether they are paused.",
        description = {
            "",
            "Those with jobs, a limit or a pause, whose keys take turns, or that had jobs in the last hour."
        })
final class ListQueues implements Callable<Integer> {
    @Parameters(paramLabel = "QUEUE", arity = "0..1", description = "This one alone.")
    private @Nullable String queue;

    @Mixin
    private PageLength length = new PageLength(100);

    @Option(names = "--after", paramLabel = "NAME", defaultValue = "", description = "Go on after this one.")
    private String after = "";

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    /** The queues by name, and the rules that hold for them. */
    private record Known(
            Map<String, QueueStats> queues, List<Pause> pauses, List<LimitView> limits, List<String> fair) {
        static Known of(Tidemill mill) {
            Map<String, QueueStats> queues = new TreeMap<>();
            mill.stats().queues().forEach(one -> queues.put(one.queue(), one));
            Known known = new Known(
                    queues,
                    mill.pauses().paused(),
                    mill.limits().list(),
                    mill.limits().fairQueues());
            known.fair().forEach(known::add);
            known.pauses().stream()
                    .filter(pause -> pause.scope() == Pause.Scope.QUEUE)
                    .forEach(pause -> known.add(pause.name()));
            known.limits().stream()
                    .map(LimitView::limit)
                    .filter(limit -> limit.scope() == Limit.Scope.QUEUE)
                    .forEach(limit -> known.add(limit.name()));
            return known;
        }

        private void add(String name) {
            queues.putIfAbsent(name, new QueueStats(name, 0, List.of()));
        }

        private boolean isPaused(QueueStats one) {
            return pauses.stream().anyMatch(pause -> pause.scope() == Pause.Scope.EVERYTHING || isOf(pause, one));
        }

        private static boolean isOf(Pause pause, QueueStats one) {
            return pause.scope() == Pause.Scope.QUEUE && pause.name().equals(one.queue());
        }

        private static boolean isOf(Limit limit, QueueStats one) {
            return limit.scope() == Limit.Scope.QUEUE && limit.name().equals(one.queue());
        }

        JsonObject json(QueueStats one) {
            return StatsTexts.json(one)
                    .with("fair", fair.contains(one.queue()))
                    .with(
                            "paused",
                            pauses.stream()
                                    .filter(pause -> isOf(pause, one))
                                    .findFirst()
                                    .map(ControlJson::pause)
                                    .orElse(null))
                    .with(
                            "limits",
                            limits.stream()
                                    .filter(view -> isOf(view.limit(), one))
                                    .map(ControlJson::limit)
                                    .toList());
        }
    }

    @Override
    public Integer call() {
        int limit = length.checked(output);
        try (Connected to = database.open(output)) {
            Known known = Known.of(to.mill());
            List<QueueStats> wanted = known.queues().values().stream()
                    .filter(one -> queue == null || one.queue().equals(queue))
                    .filter(one -> one.queue().compareTo(after) > 0)
                    .limit(limit)
                    .toList();
            String next =
                    queue == null && wanted.size() == limit ? wanted.getLast().queue() : null;
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("queues", wanted.stream().map(known::json).toList())
                        .with("next_after", next));
            } else {
                output.table(StatsTexts.queues(wanted), nothing());
                wanted.stream()
                        .filter(known::isPaused)
                        .forEach(one -> output.say(output.in(Style.WARN, "paused") + "  " + one.queue()));
                if (next != null) {
                    output.say("There may be more: --after " + next + " goes on.");
                }
            }
            return queue != null && wanted.isEmpty() ? ExitCode.NO : ExitCode.DONE;
        }
    }

    private String nothing() {
        return queue == null
                ? "No jobs are waiting, and none were in the last hour."
                : "Nothing waits or runs on queue " + queue + ", and nothing did in the last hour.";
    }
}

package dev.tidemill.cli.health;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.PageLength;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.jobs.Pause;
import dev.tidemill.jobs.Stats;
import dev.tidemill.jobs.Stats.QueueStats;
import dev.tidemill.server.program.ExitCode;
import java.util.List;
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
                "Shows the queues: what runs, what waits in each priority, how late it is, and whether they are paused.")
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

    @Override
    public Integer call() {
        int limit = length.checked(output);
        try (Connected to = database.open(output)) {
            Stats stats = to.mill().stats();
            List<QueueStats> wanted = stats.queues().stream()
                    .filter(one -> queue == null || one.queue().equals(queue))
                    .filter(one -> one.queue().compareTo(after) > 0)
                    .limit(limit)
                    .toList();
            String next =
                    queue == null && wanted.size() == limit ? wanted.getLast().queue() : null;
            List<Pause> pauses = to.mill().pauses().paused();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("depths_at", stats.depthsAt())
                        .with(
                                "queues",
                                wanted.stream()
                                        .map(one -> StatsTexts.json(one).with("paused", isPaused(one, pauses)))
                                        .toList())
                        .with("next_after", next));
            } else {
                output.table(StatsTexts.queues(wanted), nothing());
                wanted.stream()
                        .filter(one -> isPaused(one, pauses))
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

    private static boolean isPaused(QueueStats queue, List<Pause> pauses) {
        return pauses.stream()
                .anyMatch(pause -> pause.scope() == Pause.Scope.EVERYTHING
                        || (pause.scope() == Pause.Scope.QUEUE && pause.name().equals(queue.queue())));
    }
}

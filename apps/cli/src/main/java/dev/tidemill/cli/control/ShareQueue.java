package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.jobs.Limits;
import dev.tidemill.server.program.ExitCode;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code tidemill limits share}. */
@Command(
        name = "share",
        header = "Lets the keys of a queue take turns, ends that, or gives a key more turns than others.",
        description = {"", "A key with a million jobs waiting then does not delay another's ten."})
final class ShareQueue implements Callable<Integer> {
    @Parameters(paramLabel = "QUEUE", description = "The queue.")
    private String queue = "";

    @Option(names = "--undo", description = "Go by deadlines alone again.")
    private boolean undo;

    @Option(names = "--key", paramLabel = "KEY", description = "With --weight: the key that gets so many turns.")
    private @Nullable String key;

    @Option(names = "--weight", paramLabel = "N", description = "1 to 16; 1 is what every key has.")
    private @Nullable Integer weight;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        String heavy = key;
        Integer turns = weight;
        if ((heavy == null) != (turns == null) || (undo && heavy != null)) {
            throw output.wrong("Give --key and --weight together, and not with --undo.");
        }
        try (Connected to = database.open(output)) {
            Limits limits = to.mill().limits().by(asker.by());
            boolean changed = true;
            if (heavy != null && turns != null) {
                limits.weigh(queue, heavy, turns);
            } else if (undo) {
                changed = limits.shareByDeadline(queue);
            } else {
                changed = !limits.fairQueues().contains(queue);
                limits.shareFairly(queue);
            }
            if (output.isJson()) {
                output.json(new JsonObject().with("queue", queue).with("changed", changed));
            } else {
                output.say(said(changed));
            }
            return changed ? ExitCode.DONE : ExitCode.NO;
        }
    }

    private String said(boolean changed) {
        Integer turns = weight;
        if (key != null && turns != null) {
            return "Key " + key + " of queue " + queue + " has " + turns + (turns == 1 ? " turn." : " turns.");
        }
        if (undo) {
            return "The keys of queue " + queue + (changed ? " take turns no more." : " did not take turns.");
        }
        return "The keys of queue " + queue + (changed ? " take turns." : " took turns before.");
    }
}

package dev.tidemill.cli.control;

import dev.tidemill.jobs.Limit;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What a limit is about. */
final class LimitTarget {
    @ArgGroup(multiplicity = "1")
    private Choice choice = new Choice();

    @Option(names = "--per-key", description = "For each key by itself; jobs without a key are free.")
    private boolean perKey;

    /** One of these. */
    static final class Choice {
        @Option(names = "--queue", paramLabel = "QUEUE", description = "The jobs of this queue.")
        private @Nullable String queue;

        @Option(names = "--kind", paramLabel = "KIND", description = "The jobs of this kind, on whatever queue.")
        private @Nullable String kind;
    }

    /** One that says nothing yet. */
    Limit limit() {
        Limit limit = choice.queue != null
                ? Limit.ofQueue(choice.queue)
                : Limit.ofKind(choice.kind == null ? "" : choice.kind);
        return perKey ? limit.forEachKey() : limit;
    }

    /** As people say it. */
    String said() {
        return (choice.queue != null ? "queue " + choice.queue : "kind " + choice.kind)
                + (perKey ? ", for each key" : "");
    }
}

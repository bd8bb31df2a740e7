package dev.tidemill.cli.control;

import dev.tidemill.jobs.Pause;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** What is paused or resumed. */
final class PauseTarget {
    @ArgGroup(multiplicity = "1")
    private Choice choice = new Choice();

    /** One of these. */
    static final class Choice {
        @Option(names = "--queue", paramLabel = "QUEUE", description = "The jobs of this queue.")
        private @Nullable String queue;

        @Option(names = "--kind", paramLabel = "KIND", description = "The jobs of this kind.")
        private @Nullable String kind;

        @Option(names = "--key", paramLabel = "KEY", description = "The jobs with this key.")
        private @Nullable String key;

        @Option(
                names = {"--all", "--everything"},
                description = "All jobs.")
        @SuppressWarnings("UnusedVariable") // What is left when the others are not given.
        private boolean everything;
    }

    Pause.Scope scope() {
        if (choice.queue != null) {
            return Pause.Scope.QUEUE;
        }
        if (choice.kind != null) {
            return Pause.Scope.KIND;
        }
        return choice.key != null ? Pause.Scope.KEY : Pause.Scope.EVERYTHING;
    }

    String name() {
        if (choice.queue != null) {
            return choice.queue;
        }
        if (choice.kind != null) {
            return choice.kind;
        }
        return choice.key != null ? choice.key : Pause.ALL;
    }

    /** As people say it. */
    String said() {
        return switch (scope()) {
            case EVERYTHING -> "Everything";
            case QUEUE -> "Queue " + name();
            case KIND -> "Kind " + name();
            case KEY -> "Key " + name();
        };
    }
}

package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Reading;
import dev.tidemill.cli.options.Selection;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.program.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill dead-letters replay}. */
@Command(
        name = "replay",
        header = "Makes dead letters ready again, with fresh attempts.",
        description = {
            "",
            "Name the jobs, or take --all of them, or those that have something in common. Workers find them within a"
                    + " fifth of a second."
        })
final class ReplayDeadLetters implements Callable<Integer> {
    private static final int BATCH = 10_000;

    @Mixin
    private Selection jobs = new Selection();

    @Option(
            names = "--payload-file",
            paramLabel = "FILE",
            description = "One job alone: with this payload, JSON, instead of its own.")
    private @Nullable Path payloadFile;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        boolean filtered = jobs.isFilter(output);
        if (payloadFile != null && jobs.ids().size() != 1) {
            throw output.wrong("--payload-file is for one job; name exactly one.");
        }
        if (filtered) {
            return jobs.act(database, new JobAction.Replay(), asker.by(), output, "replayed", "ready again");
        }
        try (Connected to = database.open(output)) {
            List<Long> replayed = replay(to.mill());
            List<Long> passed =
                    jobs.ids().stream().filter(id -> !replayed.contains(id)).toList();
            tell(replayed, passed);
            return passed.isEmpty() ? ExitCode.DONE : ExitCode.NO;
        }
    }

    private List<Long> replay(Tidemill mill) {
        List<Long> ids = jobs.ids();
        if (payloadFile != null) {
            return mill.actions().replayEdited(ids.getFirst(), payload(payloadFile), asker.by()) ? ids : List.of();
        }
        List<Long> replayed = new ArrayList<>();
        for (int from = 0; from < ids.size(); from += BATCH) {
            replayed.addAll(mill.replay(ids.subList(from, Math.min(ids.size(), from + BATCH)), asker.by()));
        }
        return replayed;
    }

    private static String payload(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException unreadable) {
            throw Reading.refused(file, "of --payload-file", unreadable);
        }
    }

    private void tell(List<Long> replayed, List<Long> passed) {
        if (output.isJson()) {
            output.json(new JsonObject().with("replayed", replayed).with("no_dead_letters", passed));
            return;
        }
        output.say(replayed.size() == 1 ? "1 job is ready again." : replayed.size() + " jobs are ready again.");
        if (!passed.isEmpty()) {
            output.say("No dead letters, and left alone: " + passed);
        }
    }
}

package dev.tidemill.cli;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** {@code tidemill replay}. */
@Command(
        name = "replay",
        sortOptions = false,
        header = "Makes dead letters ready again, with fresh attempts; no server has to be up.",
        description = {
            "",
            "Name the jobs, or take --all of them, or those that have something in common. Workers find them within a fifth "
                    + "of a second. Exit codes: 0 done, 1 some of the jobs named are no dead letters, 2 it could not.",
            ""
        },
        optionListHeading = "Options:%n")
final class ReplayCommand implements Callable<Integer> {
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
            throw new ParameterException(
                    output.spec().commandLine(), "--payload-file is for one job; name exactly one.");
        }
        try (HandMill mill = database.open("replay")) {
            if (filtered) {
                return jobs.act(mill.tidemill(), new JobAction.Replay(), asker.by(), output, "replayed", "ready again");
            }
            List<Long> replayed = replay(mill.tidemill());
            List<Long> passed =
                    jobs.ids().stream().filter(id -> !replayed.contains(id)).toList();
            tell(replayed.size(), passed);
            return passed.isEmpty() ? 0 : 1;
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
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The file " + file + " of --payload-file cannot be read as UTF-8: "
                            + unreadable.getClass().getSimpleName() + ".",
                    unreadable);
        }
    }

    private void tell(int replayed, List<Long> passed) {
        if (output.isJson()) {
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("replayed", replayed);
            answer.put("no_dead_letters", passed);
            output.json(answer);
            return;
        }
        output.text().println(replayed == 1 ? "1 job is ready again." : replayed + " jobs are ready again.");
        if (!passed.isEmpty()) {
            output.text().println("No dead letters, and left alone: " + passed);
        }
    }
}

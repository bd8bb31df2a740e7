package dev.tidemill.cli;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.HandMill;
import dev.tidemill.jobs.Tidemill;
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
import picocli.CommandLine.Parameters;

/** {@code tidemill replay}. */
@Command(
        name = "replay",
        sortOptions = false,
        header = "Makes dead letters ready again, with fresh attempts; no server has to be up.",
        description = {
            "",
            "Name the jobs, or take --all of them, or all of one --kind. Workers find them within a fifth of a second. Exit "
                    + "codes: 0 done, 1 some of the jobs named are no dead letters, 2 it could not.",
            ""
        },
        optionListHeading = "Options:%n")
final class ReplayCommand implements Callable<Integer> {
    private static final int PAGE = 1_000;
    private static final int BATCH = 10_000;
    private static final int MOST = 1_000_000;

    @Parameters(paramLabel = "ID", arity = "0..*", description = "Jobs that are dead letters.")
    private List<Long> ids = List.of();

    @Option(names = "--all", description = "All dead letters, at most a million at a time.")
    private boolean all;

    @Option(names = "--kind", paramLabel = "KIND", description = "With --all: those of this kind alone.")
    private @Nullable String kind;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (all == !ids.isEmpty() || (kind != null && !all)) {
            throw new ParameterException(
                    output.spec().commandLine(), "Name jobs, or give --all, or --all --kind KIND: one of them.");
        }
        try (HandMill mill = database.open("replay")) {
            List<Long> wanted = all ? letters(mill.tidemill()) : ids;
            List<Long> replayed = new ArrayList<>();
            for (int from = 0; from < wanted.size(); from += BATCH) {
                replayed.addAll(mill.tidemill().replay(wanted.subList(from, Math.min(wanted.size(), from + BATCH))));
            }
            List<Long> passed = all
                    ? List.of()
                    : wanted.stream().filter(id -> !replayed.contains(id)).toList();
            tell(replayed.size(), passed);
            return passed.isEmpty() ? 0 : 1;
        }
    }

    /** All ids first: a replayed letter is gone, and the page after it could not be asked for. */
    private List<Long> letters(Tidemill mill) {
        List<Long> found = new ArrayList<>();
        List<DeadLetter> page = mill.deadLetters(0, PAGE);
        while (!page.isEmpty() && found.size() < MOST) {
            for (DeadLetter letter : page) {
                if (kind == null || kind.equals(letter.kind())) {
                    found.add(letter.jobId());
                }
            }
            page = mill.deadLetters(page.getLast().jobId(), PAGE);
        }
        return found;
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

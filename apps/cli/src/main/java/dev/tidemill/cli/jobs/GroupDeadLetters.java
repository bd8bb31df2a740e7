package dev.tidemill.cli.jobs;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.ExitCode;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.Tidemill;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill dead-letters groups}. */
@Command(
        name = "groups",
        header = "Counts dead letters that are alike: of a kind, with a code and an error.",
        description = {
            "",
            "Errors are alike when their first lines are, whatever numbers are in them. It looks at the newest ones, up"
                    + " to --most."
        })
final class GroupDeadLetters implements Callable<Integer> {
    private static final int PAGE = 1_000;
    private static final int LONGEST_ERROR = 200;

    @Option(
            names = "--most",
            paramLabel = "N",
            defaultValue = "10000",
            description = "How many of the newest to look at, 1 to 1000000. Default: ${DEFAULT-VALUE}.")
    private int most;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    private record Alike(String kind, String code, String error) {
        static Alike of(DeadLetter letter) {
            String first = JobTexts.firstLine(letter.error()).replaceAll("[0-9]+", "#");
            return new Alike(letter.kind(), letter.code(), Plain.cut(first, LONGEST_ERROR));
        }
    }

    private static final class Group {
        private final Alike what;
        private long count;
        private Instant latest = Instant.MIN;
        private Instant earliest = Instant.MAX;
        private long example;

        Group(Alike what) {
            this.what = what;
        }

        void add(DeadLetter letter) {
            if (count++ == 0) {
                example = letter.jobId();
            }
            latest = letter.failedAt().isAfter(latest) ? letter.failedAt() : latest;
            earliest = letter.failedAt().isBefore(earliest) ? letter.failedAt() : earliest;
        }
    }

    @Override
    public Integer call() {
        if (most < 1 || most > 1_000_000) {
            throw output.wrong("--most is " + most + "; it must be between 1 and 1000000.");
        }
        try (Connected to = database.openForLong(output)) {
            Map<Alike, Group> groups = new LinkedHashMap<>();
            long seen = collect(to.mill(), groups);
            List<Group> ordered = new ArrayList<>(groups.values());
            ordered.sort(Comparator.comparingLong((Group group) -> group.count).reversed());
            tell(ordered, seen);
            return ExitCode.DONE;
        }
    }

    private long collect(Tidemill mill, Map<Alike, Group> groups) {
        long seen = 0;
        long after = 0;
        while (seen < most) {
            List<DeadLetter> page = mill.deadLetters(after, (int) Math.min(PAGE, most - seen));
            page.forEach(letter ->
                    groups.computeIfAbsent(Alike.of(letter), Group::new).add(letter));
            seen += page.size();
            if (page.isEmpty()) {
                return seen;
            }
            after = page.getLast().jobId();
        }
        return seen;
    }

    private void tell(List<Group> groups, long seen) {
        if (output.isJson()) {
            output.json(new JsonObject()
                    .with("groups", groups.stream().map(GroupDeadLetters::json).toList())
                    .with("looked_at", seen)
                    .with("more", seen == most));
            return;
        }
        Table table = new Table(
                Column.number("JOBS"),
                Column.text("KIND"),
                Column.text("CODE"),
                Column.text("LATEST"),
                Column.number("SUCH AS"),
                Column.elastic("ERROR"));
        groups.forEach(group -> table.row(
                group.count,
                group.what.kind(),
                Table.cell(Style.BAD, group.what.code()),
                Plain.time(group.latest),
                Long.toString(group.example),
                group.what.error()));
        output.table(table, "No dead letters.");
        if (seen == most) {
            output.say("The newest " + Plain.number(seen) + " were looked at; --most says how many.");
        }
    }

    private static JsonObject json(Group group) {
        return new JsonObject()
                .with("count", group.count)
                .with("kind", group.what.kind())
                .with("code", group.what.code())
                .with("error", group.what.error())
                .with("earliest", group.earliest)
                .with("latest", group.latest)
                .with("example", group.example);
    }
}

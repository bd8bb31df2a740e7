package dev.tidemill.cli.health;

import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Pace;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.Stats;
import dev.tidemill.server.program.ExitCode;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill stats}. */
@Command(
        name = "stats",
        header = "Shows how things stand: queues, nodes, and what needs a person.",
        description = {
            "",
            "Depths come from a count that the nodes refresh every few seconds, so asking is cheap however much waits."
                    + " IN TIME and FAILED are of the last hour, PER SECOND of the last minute.",
            "",
            "With --watch a terminal shows it anew every two seconds; in a pipe it is printed again and again, with --json"
                    + " a line each."
        })
final class StatsCommand implements Callable<Integer> {
    private static final String HOME = "\u001b[H";
    private static final String REST_OF_LINE = "\u001b[K";
    private static final String REST_OF_SCREEN = "\u001b[J";
    private static final String OWN_SCREEN = "\u001b[?1049h\u001b[?25l";
    private static final String FORMER_SCREEN = "\u001b[?25h\u001b[?1049l";

    @Option(names = "--watch", description = "Again and again, until Ctrl-C.")
    private boolean watch;

    @Mixin
    private Pace pace = new Pace();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        if (!watch) {
            try (Connected to = database.open(output)) {
                show(to.mill().stats());
                return ExitCode.DONE;
            }
        }
        try (Connected to = database.openForLong(output)) {
            if (output.screen().outIsTerminal() && !output.isJson()) {
                watchOnScreen(to);
            } else {
                pace.run(output, () -> {
                    show(to.mill().stats());
                    output.text().flush();
                    return true;
                });
            }
            return ExitCode.DONE;
        }
    }

    private void show(Stats stats) {
        if (output.isJson()) {
            output.json(StatsTexts.json(stats));
        } else {
            lines(stats).forEach(output::say);
        }
    }

    /** On a screen of its own, which goes when it ends, however it ends. */
    private void watchOnScreen(Connected to) {
        PrintWriter out = output.text();
        Thread restore = Thread.ofPlatform().unstarted(() -> {
            out.print(FORMER_SCREEN);
            out.flush();
        });
        Runtime.getRuntime().addShutdownHook(restore);
        out.print(OWN_SCREEN);
        try {
            pace.run(output, () -> {
                List<String> lines = lines(to.mill().stats());
                int room = output.screen().rows() - 1;
                StringBuilder frame = new StringBuilder(HOME);
                lines.stream()
                        .limit(room)
                        .forEach(line -> frame.append(line).append(REST_OF_LINE).append("\r\n"));
                out.print(frame.append(REST_OF_SCREEN));
                out.flush();
                return true;
            });
        } finally {
            out.print(FORMER_SCREEN);
            out.flush();
            Runtime.getRuntime().removeShutdownHook(restore);
        }
    }

    private List<String> lines(Stats stats) {
        List<String> lines = new ArrayList<>();
        lines.add(output.in(Style.STRONG, Plain.time(stats.at())) + "  "
                + output.in(
                        stats.deadLetters() > 0 ? Style.BAD : Style.PLAIN,
                        stats.deadLetters() >= 10_000
                                ? "10,000 dead letters or more"
                                : Plain.count(stats.deadLetters(), "dead letter"))
                + ", " + Plain.count(stats.nodes().size(), "node")
                + ", " + Plain.count(stats.schedules().total(), "schedule"));
        lines.add("");
        section(lines, StatsTexts.queues(stats), "No jobs are waiting, and none were in the last hour.");
        if (StatsTexts.moreQueues(stats) > 0) {
            lines.add("And " + Plain.count(StatsTexts.moreQueues(stats), "more queue")
                    + ": 'tidemill queues' goes through all.");
            lines.add("");
        }
        section(lines, StatsTexts.nodes(stats), output.in(Style.WARN, "No node is at work."));
        Table notes = notes(stats);
        if (notes.size() > 0) {
            lines.addAll(notes.lines(output.screen()));
        }
        return lines;
    }

    private static Table notes(Stats stats) {
        Table notes = new Table(Column.text("CARE"), Column.text("WHAT"), Column.elastic("WHY"));
        stats.unhandled()
                .forEach(one -> notes.row(
                        Table.cell(Style.WARN, "unhandled"),
                        one.kind(),
                        Plain.count(one.ready(), "job") + " ready, and no node that lives handles it"));
        stats.alarms()
                .forEach(alarm -> notes.row(
                        Table.cell(Style.BAD, "alarm"),
                        alarm.kind(),
                        alarm.failed() + " of " + alarm.attempts() + " attempts failed in the last "
                                + alarm.alarm().minutes() + " minutes"));
        stats.openBreakers()
                .forEach(breaker -> notes.row(
                        Table.cell(Style.BAD, "breaker"),
                        breaker.breaker().name(),
                        breaker.state() + " since " + Plain.time(breaker.since())));
        stats.schedules()
                .failures()
                .forEach(failure -> notes.row(Table.cell(Style.BAD, "schedule"), failure.schedule(), failure.error()));
        return notes;
    }

    private void section(List<String> lines, Table table, String none) {
        if (table.size() == 0) {
            lines.add(none);
        } else {
            lines.addAll(table.lines(output.screen()));
        }
        lines.add("");
    }
}

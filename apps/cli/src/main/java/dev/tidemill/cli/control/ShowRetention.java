package dev.tidemill.cli.control;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Table;
import dev.tidemill.cli.terminal.Table.Column;
import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Retention;
import dev.tidemill.server.program.ExitCode;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill retention}. */
@Command(name = "show", header = "Shows how long history stays, and the partitions it lies in.")
final class ShowRetention implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output)) {
            Retention.View view = to.mill().retention().view();
            if (output.isJson()) {
                output.json(json(view));
            } else {
                print(view);
            }
            return ExitCode.DONE;
        }
    }

    private void print(Retention.View view) {
        output.say("History stays for " + Plain.span(view.age()) + " at least.");
        if (!view.kinds().isEmpty()) {
            Table kinds = new Table(
                    Column.text("KIND"), Column.number("COMPLETED"), Column.number("FAILED"), Column.number("AGE"));
            new TreeMap<>(view.kinds())
                    .forEach((kind, keep) -> kinds.row(kind, keep.completed(), keep.failed(), Plain.span(keep.age())));
            output.say("");
            output.table(kinds, "");
        }
        Table parts =
                new Table(Column.text("PARTITION"), Column.text("OPENED"), Column.text("LEFT"), Column.text("STEP"));
        view.parts()
                .forEach(part -> parts.row(
                        part.family() + "_" + part.number(),
                        Plain.time(part.opened()),
                        Plain.time(part.left()),
                        part.step().name()));
        output.say("");
        output.table(parts, "No partitions.");
    }

    private static JsonObject json(Retention.View view) {
        JsonObject kinds = new JsonObject();
        new TreeMap<>(view.kinds()).forEach((kind, keep) -> kinds.with(kind, json(keep)));
        return new JsonObject()
                .with("age", view.age())
                .with("kinds", kinds)
                .with(
                        "parts",
                        view.parts().stream()
                                .map(part -> new JsonObject()
                                        .with("family", part.family())
                                        .with("number", part.number())
                                        .withAny("opened", part.opened())
                                        .withAny("left", part.left())
                                        .with("step", part.step()))
                                .toList());
    }

    private static JsonObject json(Keep keep) {
        return new JsonObject()
                .with("completed", keep.completed())
                .with("failed", keep.failed())
                .with("age", keep.age());
    }
}

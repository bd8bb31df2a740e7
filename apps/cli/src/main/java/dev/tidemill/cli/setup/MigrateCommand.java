package dev.tidemill.cli.setup;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Bar;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.schema.Migrations;
import dev.tidemill.schema.Migrations.Standing;
import dev.tidemill.server.program.ExitCode;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.BiFunction;
import javax.sql.DataSource;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill migrate}. */
@Command(
        name = "migrate",
        header = "Brings the tables up to date, and makes the schema if it is not there.",
        description = {
            "",
            "Each file in a transaction of its own, once however many processes start at the same time. Programs of the"
                    + " former version go on meanwhile. A file waits at most 300 ms for a lock, and is tried again for"
                    + " a minute."
        })
final class MigrateCommand implements Callable<Integer> {
    @Option(names = "--check", description = "Say what is missing, and change nothing; exit code 1 if something is.")
    private boolean check;

    @Option(
            names = "--component",
            paramLabel = "NAME",
            split = ",",
            description = "Only the tables of these: jobs, server, cache, rules; several with commas. Default: all.")
    private List<String> components = List.of();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    private final List<Part> parts;

    /**
     * Tables that are brought up to date together.
     *
     * @param name what they are called
     * @param migrations what does it, in a schema of a database
     */
    record Part(String name, BiFunction<DataSource, String, Migrations> migrations) {}

    MigrateCommand(List<Part> parts) {
        this.parts = parts;
    }

    @Override
    public Integer call() throws SQLException {
        List<Part> wanted = wanted();
        DataSource source = database.source(output);
        Map<Part, Standing> before = new LinkedHashMap<>();
        for (Part part : wanted) {
            before.put(part, of(source, part).standing());
        }
        int missing =
                before.values().stream().mapToInt(one -> one.missing().size()).sum();
        if (check) {
            tell(before, Map.of());
            return missing == 0 ? ExitCode.DONE : ExitCode.NO;
        }
        Map<Part, List<String>> applied = new LinkedHashMap<>();
        try (Bar bar = output.bar("files applied", missing)) {
            List<String> done = new ArrayList<>();
            for (Part part : wanted) {
                applied.put(part, of(source, part).apply(file -> {
                    done.add(file);
                    bar.at(done.size());
                }));
            }
        }
        Map<Part, Standing> after = new LinkedHashMap<>();
        for (Part part : wanted) {
            after.put(part, of(source, part).standing());
        }
        tell(after, applied);
        return ExitCode.DONE;
    }

    /** In the order in which they depend on each other, however they are named. */
    private List<Part> wanted() {
        for (String name : components) {
            if (parts.stream().noneMatch(part -> part.name().equals(name))) {
                throw output.wrong("--component is '" + name + "'; there are "
                        + String.join(", ", parts.stream().map(Part::name).toList()) + ".");
            }
        }
        return components.isEmpty()
                ? parts
                : parts.stream()
                        .filter(part -> components.contains(part.name()))
                        .toList();
    }

    private Migrations of(DataSource source, Part part) {
        try {
            return part.migrations().apply(source, database.schema());
        } catch (IllegalArgumentException refused) {
            throw new TidemillException(ErrorCode.INVALID_OPTION, String.valueOf(refused.getMessage()), refused);
        }
    }

    private void tell(Map<Part, Standing> standings, Map<Part, List<String>> applied) {
        if (output.isJson()) {
            output.json(new JsonObject()
                    .with("schema", database.schema())
                    .with(
                            "components",
                            standings.entrySet().stream()
                                    .map(one -> json(one.getKey(), one.getValue(), applied))
                                    .toList()));
            return;
        }
        standings.forEach((part, standing) -> {
            applied.getOrDefault(part, List.of())
                    .forEach(file -> output.say(output.in(Style.GOOD, "applied") + "  " + part.name() + "  " + file));
            standing.missing()
                    .forEach(file -> output.say(output.in(Style.WARN, "missing") + "  " + part.name() + "  " + file));
        });
        standings.forEach((part, standing) -> output.say("The " + part.name() + " tables of schema "
                + database.schema() + " are "
                + (standing.version() == 0 ? "not there" : "at version " + standing.version())
                + (standing.missing().isEmpty()
                        ? ", up to date."
                        : "; " + standing.missing().size() + " to go.")));
    }

    private static JsonObject json(Part part, Standing standing, Map<Part, List<String>> applied) {
        return new JsonObject()
                .with("name", part.name())
                .with("version", standing.version())
                .with("applied", applied.getOrDefault(part, List.of()))
                .with("missing", standing.missing());
    }
}

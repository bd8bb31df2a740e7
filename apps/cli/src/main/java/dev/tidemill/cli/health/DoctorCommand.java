package dev.tidemill.cli.health;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Asker;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.options.Span;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.cli.terminal.Style;
import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Diagnosis.Repair;
import dev.tidemill.jobs.Severity;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.program.ExitCode;
import dev.tidemill.server.tables.ServerCheckup;
import dev.tidemill.server.tables.ServerTables;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill doctor}. */
@Command(
        name = "doctor",
        header = "Looks for what ails the database side.",
        description = {
            "",
            "Every finding says what was found, why it matters, and its remedy as a command. It reads only, unless told to"
                    + " --repair. Exit code 1 stands for findings that are worse than information.",
            "",
            "docs/operate/doctor.md has a section for each finding."
        })
final class DoctorCommand implements Callable<Integer> {
    @Option(
            names = "--patience",
            paramLabel = "TIME",
            converter = Span.class,
            defaultValue = "30s",
            description = "How long something may last before it is a finding: 10s, 5m, 1h. Default: ${DEFAULT-VALUE}.")
    private Duration patience = Duration.ofSeconds(30);

    @Option(
            names = "--repair",
            description =
                    "Mend what can be mended while everybody works: orphaned leases, epochs that do not close, nodes "
                            + "silent for five minutes, missing partitions. Then look again.")
    private boolean repair;

    @Mixin
    private Asker asker = new Asker();

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output);
                Rules rules = Rules.on(to.mill())) {
            List<Repair> repairs = repair ? to.mill().repair(patience, asker.by()) : List.of();
            // A key is the servers' own; which of them has it shows there.
            Diagnosis diagnosis = rules.examined(new ServerCheckup(new ServerTables(to.source(), to.schema()))
                    .after(to.mill().diagnose(patience), false));
            if (output.isJson()) {
                output.json(json(diagnosis, repairs));
            } else {
                print(diagnosis, repairs);
            }
            return diagnosis.isFine() ? ExitCode.DONE : ExitCode.NO;
        }
    }

    private JsonObject json(Diagnosis diagnosis, List<Repair> repairs) {
        JsonObject json = JsonObject.of(diagnosis.asMap());
        return repair
                ? json.with(
                        "repairs",
                        repairs.stream()
                                .map(done -> new JsonObject()
                                        .with("code", done.ailment())
                                        .with("done", done.done()))
                                .toList())
                : json;
    }

    private void print(Diagnosis diagnosis, List<Repair> repairs) {
        int findings = diagnosis.findings().size();
        output.say(diagnosis.server() + ", schema " + diagnosis.schema() + ", " + Plain.time(diagnosis.at()) + ": "
                + (findings == 0 ? output.in(Style.GOOD, "nothing found") : Plain.count(findings, "finding")));
        for (Repair done : repairs) {
            output.say("mended    " + done.ailment() + ": " + Plain.line(done.done()));
        }
        for (Finding finding : diagnosis.findings()) {
            output.say("");
            output.say(output.in(style(finding.severity()), String.format("%-9s", finding.severity())) + " "
                    + finding.ailment() + ": " + Plain.line(finding.found()));
            output.say("  why     " + finding.ailment().why());
            output.say("  remedy  " + Plain.line(finding.remedy()));
            output.say("  more    " + finding.ailment().section());
        }
        if (!diagnosis.unseen().isEmpty()) {
            output.say("");
            output.say("Not seen:");
            diagnosis.unseen().forEach(unseen -> output.say("  " + Plain.line(unseen)));
        }
    }

    private static Style style(Severity severity) {
        return switch (severity) {
            case CRITICAL -> Style.BAD;
            case WARNING -> Style.WARN;
            case INFO -> Style.FAINT;
        };
    }
}

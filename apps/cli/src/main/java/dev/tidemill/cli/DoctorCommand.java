package dev.tidemill.cli;

import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.Diagnosis.Finding;
import dev.tidemill.jobs.Diagnosis.Repair;
import dev.tidemill.jobs.HandMill;
import java.io.PrintWriter;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill doctor}. */
@Command(
        name = "doctor",
        sortOptions = false,
        header = "Looks for what ails the database side of a Tidemill; no server has to be up.",
        description = {
            "",
            "Every finding says what was found, why it matters, and its remedy as a command. It reads only, unless told "
                    + "to --repair. Exit codes: 0 nothing worse than information, 1 findings, 2 it could not look.",
            "",
            "docs/operate/doctor.md has a section for each finding.",
            ""
        },
        optionListHeading = "Options:%n")
final class DoctorCommand implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

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
    private Output output = new Output();

    @Override
    public Integer call() {
        try (HandMill mill = database.open("doctor")) {
            List<Repair> repairs = repair ? mill.tidemill().repair(patience) : List.of();
            Diagnosis diagnosis = mill.tidemill().diagnose(patience);
            if (output.isJson()) {
                output.json(asMap(diagnosis, repairs));
            } else {
                print(output.text(), diagnosis, repairs);
            }
            return diagnosis.isFine() ? 0 : 1;
        }
    }

    private Map<String, Object> asMap(Diagnosis diagnosis, List<Repair> repairs) {
        Map<String, Object> map = new LinkedHashMap<>(diagnosis.asMap());
        if (repair) {
            map.put(
                    "repairs",
                    repairs.stream()
                            .map(done -> Map.of("code", done.ailment().name(), "done", done.done()))
                            .toList());
        }
        return map;
    }

    private static void print(PrintWriter out, Diagnosis diagnosis, List<Repair> repairs) {
        out.println(diagnosis.server() + ", schema " + diagnosis.schema() + ", "
                + diagnosis.at().truncatedTo(ChronoUnit.SECONDS) + ": " + count(diagnosis));
        for (Repair done : repairs) {
            out.println("mended    " + done.ailment() + ": " + done.done());
        }
        for (Finding finding : diagnosis.findings()) {
            out.println();
            out.println(String.format("%-9s ", finding.severity()) + finding.ailment() + ": " + finding.found());
            out.println("  why     " + finding.ailment().why());
            out.println("  remedy  " + finding.remedy());
            out.println("  more    " + finding.ailment().section());
        }
        if (!diagnosis.unseen().isEmpty()) {
            out.println();
            out.println("Not seen:");
            diagnosis.unseen().forEach(unseen -> out.println("  " + unseen));
        }
    }

    private static String count(Diagnosis diagnosis) {
        int findings = diagnosis.findings().size();
        return findings == 0 ? "nothing found" : findings == 1 ? "1 finding" : findings + " findings";
    }
}

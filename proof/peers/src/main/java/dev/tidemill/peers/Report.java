package dev.tidemill.peers;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;

/** The table for people, and the same as data. */
final class Report {
    private final Results results;
    private final Map<String, String> absent;
    private final Map<String, Object> conditions;

    Report(Results results, Map<String, String> absent, Map<String, Object> conditions) {
        this.results = results;
        this.absent = absent;
        this.conditions = conditions;
    }

    Map<String, Object> plain(Plan plan) {
        Map<String, Object> peers = new LinkedHashMap<>();
        for (Contender contender : results.contenders()) {
            Map<String, Object> plain = new LinkedHashMap<>();
            plain.put("version", contender.version());
            plain.put("platform", contender.platform());
            plain.put("settings", contender.settings());
            plain.put("keeps_history", contender.keepsHistory());
            plain.put("jobs", contender.jobs(plan));
            plain.put("single_enqueues", contender.singles(plan));
            plain.put("pickups", contender.pickups(plan));
            plain.put("pickups_per_s", contender.perSecond());
            peers.put(contender.name(), plain);
        }
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("figures", results.plain());
        all.put("ratio_to_best_on_jvm", results.ratios(Contender::isOnJvm));
        all.put("ratio_to_best", results.ratios(contender -> true));
        all.put("peers", peers);
        all.put("absent", absent);
        all.put("conditions", conditions);
        return all;
    }

    void print(Plan plan, PrintStream out) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(header());
        for (Figure figure : Figure.values()) {
            List<String> row = new ArrayList<>(List.of(figure.title));
            results.contenders()
                    .forEach(contender -> row.add(results.get(contender, figure).text()));
            row.add(ratio(figure, Contender::isOnJvm));
            row.add(ratio(figure, contender -> true));
            row.add(figure.aim);
            rows.add(row);
        }
        out.println();
        printAligned(rows, out);
        out.println();
        out.println("x: how many times better ours is than the best of the others, larger is better.");
        for (Contender contender : results.contenders()) {
            out.printf(
                    Locale.ROOT,
                    "%-16s %s, %s, %s; %,d jobs, %,d single enqueues, %,d pick-ups at %d/s%n",
                    contender.name(),
                    contender.version(),
                    contender.settings(),
                    contender.keepsHistory() ? "keeps what was done" : "forgets what was done",
                    contender.jobs(plan),
                    contender.singles(plan),
                    contender.pickups(plan),
                    contender.perSecond());
            for (Figure figure : Figure.values()) {
                String note = results.get(contender, figure).note();
                if (!note.isEmpty()) {
                    out.printf("%-16s %s: %s%n", "", figure.title, note);
                }
            }
        }
        absent.forEach((name, why) -> out.printf("%-16s absent: %s%n", name, why));
        out.println();
        conditions.forEach((key, value) -> out.printf("%-24s %s%n", key, value));
    }

    private List<String> header() {
        List<String> header = new ArrayList<>(List.of("figure"));
        results.contenders().forEach(contender -> header.add(contender.name()));
        header.addAll(List.of("x best on JVM", "x best of all", "aim"));
        return header;
    }

    private String ratio(Figure figure, Predicate<Contender> counts) {
        Optional<Results.Ratio> ratio = results.ratio(figure, counts);
        return ratio.map(found -> String.format(
                        Locale.ROOT, "%s%.2f %s", found.isBound() ? "> " : "", found.times(), found.peer()))
                .orElse("-");
    }

    /** The first column to the left, the others to the right, each as wide as it must be. */
    private static void printAligned(List<List<String>> rows, PrintStream out) {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                String padding = " ".repeat(widths[i] - row.get(i).length());
                line.append(i == 0 ? row.get(i) + padding : "  " + padding + row.get(i));
            }
            out.println(line.toString().stripTrailing());
        }
    }
}

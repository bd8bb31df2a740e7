package dev.tidemill.cli;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.HandMill;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code tidemill audit}. */
@Command(
        name = "audit",
        sortOptions = false,
        header = "Says who changed what, newest first; no server has to be up.",
        description = {"", "Lines stay for 400 days. Exit codes: 0 done, 2 it could not.", ""},
        optionListHeading = "Options:%n")
final class AuditCommand implements Callable<Integer> {
    @Option(names = "--action", paramLabel = "ACTION", description = "Only this, such as pause or 'replay all'.")
    private @Nullable String action;

    @Option(names = "--target", paramLabel = "TARGET", description = "Only what is about this, such as 'JOB 4711'.")
    private @Nullable String target;

    @Option(
            names = "--limit",
            paramLabel = "N",
            defaultValue = "50",
            description = "How many, 1 to 1000. Default: ${DEFAULT-VALUE}.")
    private int limit;

    @Option(names = "--before", paramLabel = "ID", description = "Only lines with smaller ids, to go on.")
    private long before = Long.MAX_VALUE;

    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (HandMill mill = database.open("audit")) {
            List<AuditLine> lines = mill.tidemill().audit(before, limit, action, target);
            if (output.isJson()) {
                output.json(
                        Map.of("lines", lines.stream().map(AuditCommand::asMap).toList()));
            } else {
                lines.forEach(line -> output.text()
                        .println(line.id() + "  " + line.at() + "  " + line.by() + ": " + line.action() + " "
                                + line.target() + (line.detail().isEmpty() ? "" : " (" + line.detail() + ")")));
            }
            return 0;
        }
    }

    private static Map<String, Object> asMap(AuditLine line) {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("id", line.id());
        map.put("at", line.at().toString());
        map.put("by", line.by());
        map.put("action", line.action());
        map.put("target", line.target());
        map.put("detail", line.detail());
        return map;
    }
}

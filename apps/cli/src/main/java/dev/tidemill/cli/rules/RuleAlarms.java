package dev.tidemill.cli.rules;

import dev.tidemill.cli.json.JsonObject;
import dev.tidemill.cli.options.Connected;
import dev.tidemill.cli.options.DatabaseOptions;
import dev.tidemill.cli.options.Output;
import dev.tidemill.cli.terminal.Plain;
import dev.tidemill.jobs.Severity;
import dev.tidemill.rules.RuleAlarm;
import dev.tidemill.rules.Rules;
import dev.tidemill.server.program.ExitCode;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code tidemill rules alarms}. */
@Command(
        name = "alarms",
        header = "Lists what a person should look at, the worst first, with what helps.",
        description = {"", "Exit code 1 stands for alarms that are worse than information."})
final class RuleAlarms implements Callable<Integer> {
    @Mixin
    private DatabaseOptions database = new DatabaseOptions();

    @Mixin
    private Output output = new Output();

    @Override
    public Integer call() {
        try (Connected to = database.open(output);
                Rules rules = Rules.on(to.mill())) {
            List<RuleAlarm> alarms = rules.alarms();
            if (output.isJson()) {
                output.json(new JsonObject()
                        .with("alarms", alarms.stream().map(RuleAlarms::json).toList()));
            } else {
                show(alarms);
            }
            return alarms.stream().allMatch(alarm -> alarm.kind().severity() == Severity.INFO)
                    ? ExitCode.DONE
                    : ExitCode.NO;
        }
    }

    private void show(List<RuleAlarm> alarms) {
        if (alarms.isEmpty()) {
            output.say("No alarms.");
        }
        for (RuleAlarm alarm : alarms) {
            Instant since = alarm.since();
            output.say(alarm.kind() + "  " + alarm.rule() + (since == null ? "" : "  since " + Plain.time(since)) + ": "
                    + Plain.line(alarm.text()));
            output.say("  remedy  " + Plain.line(alarm.remedy()));
        }
    }

    private static JsonObject json(RuleAlarm alarm) {
        return new JsonObject()
                .with("rule", alarm.rule())
                .with("kind", alarm.kind())
                .with("severity", alarm.kind().severity())
                .withAny("since", alarm.since())
                .with("text", alarm.text())
                .with("remedy", alarm.remedy());
    }
}

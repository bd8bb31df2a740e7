package dev.tidemill.cli.rules;

import dev.tidemill.cli.options.Group;
import picocli.CommandLine;

/** The commands of this room. */
public final class RuleCommands {
    private RuleCommands() {}

    /** Adds them. */
    public static void addTo(CommandLine program) {
        Group.named("rules", "Looks at rules on data changes, steers and mends them.", new RuleStates())
                .with(new RuleStates())
                .with(new RuleAlarms())
                .with(new ParkedKeys())
                .with(new DriftedKeys())
                .with(new PauseRule())
                .with(new ResumeRule())
                .with(new ReleaseKey())
                .with(new RepairRule())
                .with(new BackfillRule())
                .with(new SweepRule())
                .with(new DryRunRule())
                .with(new RemoveRule())
                .addTo(program);
    }
}

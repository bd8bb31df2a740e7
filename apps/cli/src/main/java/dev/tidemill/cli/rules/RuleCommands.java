package dev.tidemill.cli.rules;

import dev.tidemill.cli.options.Group;
import picocli.CommandLine;

/** The commands of this room. */
public final class RuleCommands {
    private RuleCommands() {}

    /** Adds them. */
    public static void addTo(CommandLine program) {
        Group.named("rules", "Looks at rules on data changes, holds them and lets them go on.", new RuleStates())
                .with(new RuleStates())
                .with(new ParkedKeys())
                .with(new PauseRule())
                .with(new ResumeRule())
                .with(new ReleaseKey())
                .addTo(program);
    }
}

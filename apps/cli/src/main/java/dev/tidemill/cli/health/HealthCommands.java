package dev.tidemill.cli.health;

import dev.tidemill.cli.options.Group;
import picocli.CommandLine;

/** The commands of this room. */
public final class HealthCommands {
    private HealthCommands() {}

    /** Adds them. */
    public static void addTo(CommandLine program) {
        program.addSubcommand(new StatsCommand())
                .addSubcommand(new ListQueues())
                .addSubcommand(new DoctorCommand())
                .addSubcommand(new AuditCommand());
    }

    /** The group of what is about nodes. */
    public static Group nodes() {
        return Group.named("nodes", "Looks at the processes at work, drains them and calls them back.", new ListNodes())
                .with(new ListNodes());
    }
}

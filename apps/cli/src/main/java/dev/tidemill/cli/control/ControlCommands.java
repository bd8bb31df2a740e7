package dev.tidemill.cli.control;

import dev.tidemill.cli.options.Group;
import java.util.List;
import picocli.CommandLine;

/** The commands of this room. */
public final class ControlCommands {
    private ControlCommands() {}

    /** Adds them. */
    public static void addTo(CommandLine program) {
        Group.named("schedules", "Looks at schedules and changes them.", new ListSchedules())
                .with(new ListSchedules())
                .with(new ShowSchedule())
                .with(new PutSchedule())
                .with(new PauseSchedule())
                .with(new ResumeSchedule())
                .with(new TriggerSchedule())
                .with(new RemoveSchedule())
                .addTo(program);
        program.addSubcommand(new PauseCommand())
                .addSubcommand(new ResumeCommand())
                .addSubcommand(new ListPauses());
        Group.named("limits", "Looks at limits and fair turns, and changes them.", new ListLimits())
                .with(new ListLimits())
                .with(new PutLimit())
                .with(new RemoveLimit())
                .with(new ShareQueue())
                .addTo(program);
        Group.named(
                        "breakers",
                        "Looks at circuit breakers, sets them, opens and closes them by hand.",
                        new ListBreakers())
                .with(new ListBreakers())
                .with(new OpenBreaker())
                .with(new CloseBreaker())
                .with(new PutBreaker())
                .addTo(program);
        Group.named("alarms", "Looks at when kinds fail too often, and changes it.", new ListAlarms())
                .with(new ListAlarms())
                .with(new PutAlarm())
                .addTo(program);
        Group.named("leases", "Shows who holds jobs, and takes them from a node that hangs.", new ListLeases())
                .with(new ListLeases())
                .with(new BreakLeases())
                .addTo(program);
        Group.named("retention", "Shows how long history stays, and changes it.", new ShowRetention())
                .with(new ShowRetention())
                .with(new KeepHistory())
                .addTo(program);
    }

    /** Adds what is about nodes to their group. */
    public static Group nodes(Group nodes) {
        return nodes.with(new DrainNode());
    }

    /** Those that can be called without their group. */
    public static List<Object> withoutGroup() {
        return List.of(new DrainNode());
    }
}

package dev.tidemill.cli.jobs;

import dev.tidemill.cli.options.Group;
import java.util.List;
import picocli.CommandLine;

/** The commands of this room. */
public final class JobCommands {
    private JobCommands() {}

    /** Adds them. */
    public static void addTo(CommandLine program) {
        Group.named("jobs", "Looks for jobs, enqueues and steers them.")
                .with(new ListJobs())
                .with(new ShowJob())
                .with(new WhyJob())
                .with(new EnqueueJobs())
                .with(new RetryJobs())
                .with(new CancelJobs())
                .with(new RescheduleJobs())
                .with(new PrioritizeJobs())
                .with(new TailJobs())
                .addTo(program);
        Group.named("dead-letters", "Looks at the jobs that need a person, and settles them.", new ListDeadLetters())
                .with(new ListDeadLetters())
                .with(new GroupDeadLetters())
                .with(new ReplayDeadLetters())
                .with(new DiscardDeadLetters())
                .addTo(program);
    }

    /** Those that can be called without their group. */
    public static List<Object> withoutGroup() {
        return List.of(
                new WhyJob(),
                new CancelJobs(),
                new RescheduleJobs(),
                new PrioritizeJobs(),
                new ReplayDeadLetters(),
                new DiscardDeadLetters());
    }
}

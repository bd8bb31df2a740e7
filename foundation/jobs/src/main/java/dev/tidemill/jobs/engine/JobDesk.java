package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AuditLine;
import dev.tidemill.jobs.Drained;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.JobAction;
import dev.tidemill.jobs.JobActions;
import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Nodes;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.Steered;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.store.Actions;
import dev.tidemill.jobs.store.Actions.Done;
import dev.tidemill.jobs.store.Actions.Order;
import dev.tidemill.jobs.store.Actions.Progress;
import dev.tidemill.jobs.store.Actions.Step;
import dev.tidemill.jobs.store.Actions.Steps;
import dev.tidemill.jobs.store.Desk.Replayed;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.Roster;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** What people decide about jobs and nodes: checked, carried out, and whoever can run what was set free is woken. */
public final class JobDesk implements JobActions, Nodes {
    private static final int LONGEST_BY = 100;
    private static final int LONGEST_TEXT = 500;
    private static final Duration NO_HURRY = Duration.ofNanos(Long.MAX_VALUE);

    private final JobStore store;
    private final Enqueuer enqueuer;
    private final Priorities priorities;
    private final Consumer<List<Hint>> committed;

    JobDesk(JobStore store, Enqueuer enqueuer, Priorities priorities, Consumer<List<Hint>> committed) {
        this.store = store;
        this.enqueuer = enqueuer;
        this.priorities = priorities;
        this.committed = committed;
    }

    private static String asker(String by) {
        Steering.checkText("The name of who asks", by, 1, LONGEST_BY);
        return by;
    }

    @Override
    public Steered reschedule(long jobId, Instant at, String by) {
        return steered(store.actions(), actions -> actions.reschedule(jobId, at, priorities, asker(by)));
    }

    @Override
    public Steered postpone(long jobId, Duration delay, String by) {
        Duration valid = EnqueueOptions.delay(delay).delay();
        Instant at = Engine.translated(() ->
                DatabaseClock.toInstant(store.timetable().nowMicros()).plus(valid == null ? Duration.ZERO : valid));
        return reschedule(jobId, at, by);
    }

    @Override
    public Steered runNow(long jobId, String by) {
        return steered(store.actions(), actions -> actions.reschedule(jobId, null, priorities, asker(by)));
    }

    @Override
    public Steered prioritize(long jobId, Priority priority, String by) {
        return steered(store.actions(), actions -> actions.prioritize(jobId, priority, priorities, asker(by)));
    }

    /** A wish about one job. */
    @FunctionalInterface
    private interface Wish {
        Done to(Actions actions);
    }

    private Steered steered(Actions actions, Wish wish) {
        Done done = Engine.translated(() -> wish.to(actions));
        committed.accept(done.hints());
        return done.said();
    }

    @Override
    public boolean replayEdited(long jobId, String json, String by) {
        enqueuer.checkPayload("job", json);
        Optional<List<Hint>> hints =
                Engine.translated(() -> store.actions().replayEdited(jobId, json, priorities, asker(by)));
        hints.ifPresent(committed);
        return hints.isPresent();
    }

    /** Makes dead letters ready again. */
    public List<Long> replay(List<Long> ids, String by) {
        Replayed replayed = Engine.translated(() -> store.desk().replay(ids, priorities, asker(by)));
        committed.accept(replayed.hints());
        return replayed.ids();
    }

    /** Puts a dead letter aside. */
    public List<Long> discard(List<Long> ids, String by) {
        return Engine.translated(() -> store.desk().discard(ids, asker(by)));
    }

    @Override
    public Bulk all(JobFilter filter, JobAction action, int most, String by, LongConsumer soFar) {
        bounded(most);
        actedOn(filter);
        Order order = new Order(filter, action, priorities, asker(by));
        try (Steps steps = store.actions().begin(order)) {
            @Nullable Progress at = null;
            int left = most;
            while (left > 0) {
                Step step = step(steps, at, left, false);
                committed.accept(step.hints());
                at = step.progress();
                left -= step.fitting();
                soFar.accept(at.count());
                if (step.through()) {
                    return new Bulk(at.count(), false);
                }
            }
            long count = at == null ? 0 : at.count();
            while (true) {
                Step step = step(steps, at, 1, true);
                if (step.fitting() > 0 || step.through()) {
                    return new Bulk(count, step.fitting() > 0);
                }
                at = step.progress();
            }
        }
    }

    @Override
    public Bulk count(JobFilter filter, JobAction action, int most) {
        return count(filter, action, most, NO_HURRY);
    }

    @Override
    public Bulk count(JobFilter filter, JobAction action, int most, Duration within) {
        bounded(most);
        actedOn(filter);
        long began = System.nanoTime();
        try (Steps steps = store.actions().begin(new Order(filter, action, priorities, ""))) {
            @Nullable Progress at = null;
            int left = most + 1;
            while (true) {
                Step step = step(steps, at, left, true);
                at = step.progress();
                left -= step.fitting();
                if (step.through() || left == 0) {
                    return new Bulk(Math.min(most, at.count()), left == 0);
                }
                if (System.nanoTime() - began >= within.toNanos()) {
                    return new Bulk(Math.min(most, at.count()), true);
                }
            }
        }
    }

    private static Step step(Steps steps, @Nullable Progress at, int most, boolean dryRun) {
        return Engine.translated(() -> steps.next(at, most, dryRun));
    }

    private static void actedOn(JobFilter filter) {
        JobState state = filter.state();
        if (state != null && state != JobState.READY && state != JobState.SCHEDULED && state != JobState.DEAD) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The state is " + state + "; actions are for jobs that are READY, SCHEDULED or DEAD.");
        }
        if (filter.error() != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "Actions do not go by the text of an error; search for it, and act on the jobs found or by code.");
        }
    }

    private static void bounded(int most) {
        if (most < 1 || most > MOST) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "The bound is " + most + "; it must be between 1 and " + MOST + ".");
        }
    }

    @Override
    public boolean drain(String node, String by, String reason) {
        Steering.checkText("The node's name", node, 1, LONGEST_TEXT);
        Steering.checkText("The reason", reason, 0, LONGEST_TEXT);
        Roster.Answer answer = Engine.translated(() -> store.roster().drain(node, asker(by), reason));
        if (answer == Roster.Answer.NOT_FOUND) {
            throw new TidemillException(
                    ErrorCode.NOT_FOUND,
                    "No living node has the name or epoch '" + node + "'; the statistics list those that live.");
        }
        return answer == Roster.Answer.DONE;
    }

    @Override
    public boolean undrain(String node, String by) {
        Steering.checkText("The node's name", node, 1, LONGEST_TEXT);
        return Engine.translated(() -> store.roster().undrain(node, asker(by)));
    }

    @Override
    public List<Drained> drained() {
        return Engine.translated(() -> store.roster().drained());
    }

    /** The newest lines of the audit trail. */
    public List<AuditLine> audit(long before, int limit, @Nullable String action, @Nullable String target) {
        return Engine.translated(() -> store.auditTrail().lines(before, limit, action, target));
    }
}

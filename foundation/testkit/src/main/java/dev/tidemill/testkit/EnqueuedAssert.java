package dev.tidemill.testkit;

import dev.tidemill.jobs.Priority;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/**
 * What a test expects of the jobs of one class: narrow them down, then say what must be there. A failure lists the jobs
 * of the class, and which of them were meant. Immutable.
 *
 * <pre>{@code
 * mill.assertThatEnqueued(SendWelcome.class).withTag("userId", "7").onQueue("mail").hasSize(1);
 * mill.assertThatEnqueued(SendWelcome.class).containsExactly(new SendWelcome("ada@example.com"));
 * }</pre>
 */
public final class EnqueuedAssert<T> {
    private final String type;
    private final List<EnqueuedJob<T>> all;
    private final List<EnqueuedJob<T>> meant;
    private final String narrowed;
    private final String others;

    EnqueuedAssert(String type, List<EnqueuedJob<T>> all, String others) {
        this(type, all, all, "", others);
    }

    private EnqueuedAssert(
            String type, List<EnqueuedJob<T>> all, List<EnqueuedJob<T>> meant, String narrowed, String others) {
        this.type = type;
        this.all = all;
        this.meant = meant;
        this.narrowed = narrowed;
        this.others = others;
    }

    /** Only those on this queue. */
    public EnqueuedAssert<T> onQueue(String queue) {
        return narrow(job -> job.queue().equals(queue), "on queue " + queue);
    }

    /** Only those of this priority. */
    public EnqueuedAssert<T> withPriority(Priority priority) {
        return narrow(job -> job.priority() == priority, "of priority " + priority);
    }

    /** Only those with this tag. */
    public EnqueuedAssert<T> withTag(String name, String value) {
        return narrow(job -> value.equals(job.tags().get(name)), "with tag " + name + "=" + value);
    }

    /** Only those that wait until exactly this time. */
    public EnqueuedAssert<T> dueAt(Instant due) {
        return narrow(job -> Objects.equals(due, job.dueAt()), "due at " + due);
    }

    /** Only those that do not wait for their time. */
    public EnqueuedAssert<T> dueNow() {
        return narrow(job -> job.dueAt() == null, "due now");
    }

    /** Only those whose job object is so. */
    public EnqueuedAssert<T> matching(String description, Predicate<? super T> condition) {
        return narrow(job -> condition.test(job.job()), description);
    }

    private EnqueuedAssert<T> narrow(Predicate<EnqueuedJob<T>> condition, String description) {
        return new EnqueuedAssert<>(
                type,
                all,
                meant.stream().filter(condition).toList(),
                narrowed.isEmpty() ? " " + description : narrowed + ", " + description,
                others);
    }

    /** There are this many. */
    public EnqueuedAssert<T> hasSize(int expected) {
        if (meant.size() != expected) {
            throw failure("Expected " + (expected == 0 ? "no" : expected) + " " + what());
        }
        return this;
    }

    /** There are none. */
    public EnqueuedAssert<T> isEmpty() {
        return hasSize(0);
    }

    /** One of them, or more, is this. */
    public EnqueuedAssert<T> contains(T expected) {
        if (meant.stream().noneMatch(job -> job.job().equals(expected))) {
            throw failure("Expected " + expected + " among the " + what());
        }
        return this;
    }

    /** They are these, in any order. */
    @SafeVarargs
    public final EnqueuedAssert<T> containsExactly(T... expected) {
        List<T> missing = new ArrayList<>();
        for (T one : expected) {
            missing.add(one);
        }
        List<T> surplus = new ArrayList<>();
        for (EnqueuedJob<T> job : meant) {
            if (!missing.remove(job.job())) {
                surplus.add(job.job());
            }
        }
        if (!missing.isEmpty() || !surplus.isEmpty()) {
            throw failure("Expected exactly " + expected.length + " " + what() + ": missing " + missing
                    + ", not expected " + surplus);
        }
        return this;
    }

    /** There is exactly one; this is it. */
    public EnqueuedJob<T> single() {
        hasSize(1);
        return meant.getFirst();
    }

    private String what() {
        return type + narrowed;
    }

    private AssertionError failure(String expected) {
        StringBuilder message = new StringBuilder(expected).append("; found ").append(found());
        for (EnqueuedJob<T> job : all.subList(0, Math.min(all.size(), 20))) {
            message.append(meant.contains(job) ? "\n  x " : "\n    ").append(job);
        }
        if (all.size() > 20) {
            message.append("\n    .. and ").append(all.size() - 20).append(" more");
        }
        if (all.isEmpty()) {
            message.append("\n  Enqueued in this schema: ")
                    .append(others.isEmpty() ? "nothing" : others)
                    .append(". What an open transaction enqueued counts once that is committed.");
        }
        return new AssertionError(message.toString());
    }

    private String found() {
        if (all.isEmpty()) {
            return "no " + type + " at all.";
        }
        return meant.size() == all.size()
                ? all.size() + ":"
                : meant.size() + " of " + all.size() + " " + type + " (marked x):";
    }
}

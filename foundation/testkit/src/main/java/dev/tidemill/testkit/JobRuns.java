package dev.tidemill.testkit;

import dev.tidemill.jobs.HandMill.Ran;
import java.util.Iterator;
import java.util.List;

/**
 * What became of the jobs that were run, in the order they ran. A handler that threw throws nothing here: ask with
 * {@link #failures}, or insist with {@link #allSucceeded}.
 *
 * @param all every attempt
 */
public record JobRuns(List<Ran> all) implements Iterable<Ran> {
    public JobRuns {
        all = List.copyOf(all);
    }

    /** How many attempts there were. */
    public int size() {
        return all.size();
    }

    /** Whether nothing was due. */
    public boolean isEmpty() {
        return all.isEmpty();
    }

    @Override
    public Iterator<Ran> iterator() {
        return all.iterator();
    }

    /** The attempts that did not succeed. */
    public List<Ran> failures() {
        return all.stream().filter(ran -> !ran.succeeded()).toList();
    }

    /**
     * Insists that every attempt succeeded.
     *
     * @throws AssertionError if one did not; its cause is what the first handler threw, what others threw is suppressed
     */
    public JobRuns allSucceeded() {
        List<Ran> failed = failures();
        if (failed.isEmpty()) {
            return this;
        }
        StringBuilder message = new StringBuilder()
                .append(failed.size())
                .append(" of ")
                .append(all.size())
                .append(all.size() == 1 ? " job" : " jobs")
                .append(" did not succeed:");
        failed.forEach(ran -> message.append("\n  ").append(describe(ran)));
        AssertionError error =
                new AssertionError(message.toString(), failed.getFirst().error());
        failed.stream().skip(1).forEach(ran -> {
            if (ran.error() != null) {
                error.addSuppressed(ran.error());
            }
        });
        throw error;
    }

    /**
     * Insists that this many were run, and that every attempt succeeded.
     *
     * @throws AssertionError if not
     */
    public JobRuns succeeded(int expected) {
        allSucceeded();
        if (all.size() != expected) {
            StringBuilder message = new StringBuilder()
                    .append("Expected ")
                    .append(expected)
                    .append(expected == 1 ? " job" : " jobs")
                    .append(" to be due; ")
                    .append(all.isEmpty() ? "none was." : all.size() + " ran:");
            all.forEach(ran -> message.append("\n  ").append(describe(ran)));
            throw new AssertionError(message.toString());
        }
        return this;
    }

    private static String describe(Ran ran) {
        String error = ran.error() != null
                ? ran.error().toString()
                : ran.attempt().error() == null
                        ? ""
                        : ran.attempt().error().lines().findFirst().orElse("");
        return "job " + ran.job().id() + " (" + ran.job().kind() + "), attempt "
                + ran.attempt().attempt() + ": " + ran.attempt().outcome() + ", now "
                + ran.job().state()
                + (ran.job().dueAt() == null ? "" : " until " + ran.job().dueAt())
                + (error.isEmpty() ? "" : ", " + error);
    }
}

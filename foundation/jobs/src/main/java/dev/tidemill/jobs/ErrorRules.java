package dev.tidemill.jobs;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Which exceptions stand for which {@link ErrorCategory}. Immutable.
 *
 * <pre>{@code
 * .errors(rules -> rules
 *         .on(SQLTransientException.class).retry()
 *         .on(IllegalArgumentException.class).permanent()
 *         .on(HttpTimeoutException.class).dependencyDown("stripe"))
 * }</pre>
 *
 * <p>A rule matches an exception whose class is the rule's or below it, and the exceptions that caused it, 20 deep. Of
 * several that match, the one with the most specific class wins, wherever it stands among the causes; of classes that
 * are unrelated the one that matches nearest to what was thrown; of those still equal the first. Without a match the
 * failure is a {@link ErrorCategory#RETRY}. A {@link Retry}, thrown or among the causes, needs no rule and wins over
 * all.
 */
public final class ErrorRules {
    /** No rules. */
    public static final ErrorRules NONE = new ErrorRules(List.of());

    private static final int DEPTH = 20;

    private record Entry(Class<? extends Throwable> type, Function<Throwable, ErrorVerdict> verdict) {}

    private record Match(Entry entry, Throwable matched, int depth) {
        boolean beats(Match other) {
            Class<?> mine = entry.type;
            Class<?> theirs = other.entry.type;
            if (mine != theirs && theirs.isAssignableFrom(mine)) {
                return true;
            }
            if (mine != theirs && mine.isAssignableFrom(theirs)) {
                return false;
            }
            return depth < other.depth;
        }
    }

    private final List<Entry> entries;

    private ErrorRules(List<Entry> entries) {
        this.entries = List.copyOf(entries);
    }

    /** Begins a rule for exceptions of this class. */
    public <T extends Throwable> Rule<T> on(Class<T> type) {
        return new Rule<>(type);
    }

    /** What the rules say of a failure; empty if none matches. */
    public Optional<ErrorVerdict> verdict(Throwable failure) {
        @Nullable Match best = null;
        for (Entry entry : entries) {
            Match match = match(entry, failure);
            if (match != null && (best == null || match.beats(best))) {
                best = match;
            }
        }
        return best == null ? Optional.empty() : Optional.of(best.entry.verdict.apply(best.matched));
    }

    private static @Nullable Match match(Entry entry, Throwable failure) {
        int depth = 0;
        for (Throwable cause = failure; cause != null && depth < DEPTH; cause = cause.getCause()) {
            if (entry.type.isInstance(cause)) {
                return new Match(entry, cause, depth);
            }
            depth++;
        }
        return null;
    }

    /**
     * A rule that has its exception and wants its verdict.
     *
     * @param <T> the exception
     */
    public final class Rule<T extends Throwable> {
        private final Class<T> type;

        private Rule(Class<T> type) {
            this.type = type;
        }

        /** Tried again by the backoff, a counted attempt each. */
        public ErrorRules retry() {
            return with(thrown -> new ErrorVerdict(ErrorCategory.RETRY, null, null, true, null));
        }

        /** Tried again after this delay, a counted attempt each. */
        public ErrorRules retryAfter(Duration delay) {
            Duration valid = EnqueueOptions.validDelay(delay);
            return with(thrown -> new ErrorVerdict(ErrorCategory.RETRY, valid, null, true, null));
        }

        /** Never tried again. */
        public ErrorRules permanent() {
            return with(thrown -> new ErrorVerdict(ErrorCategory.PERMANENT, null, null, true, null));
        }

        /** Tried again after this delay, not counted. */
        public ErrorRules rateLimited(Duration delay) {
            Duration valid = EnqueueOptions.validDelay(delay);
            return rateLimited(thrown -> valid);
        }

        /** Tried again after the delay that the exception tells, not counted. */
        public ErrorRules rateLimited(Function<? super T, Duration> delay) {
            return with(thrown -> new ErrorVerdict(ErrorCategory.RATE_LIMITED, delay.apply(thrown), null, false, null));
        }

        /** Tried again once that dependency may be back, not counted. */
        public ErrorRules dependencyDown(String dependency) {
            Names.dependency(dependency);
            return with(thrown -> new ErrorVerdict(ErrorCategory.DEPENDENCY_DOWN, null, null, false, dependency));
        }

        private ErrorRules with(Function<T, ErrorVerdict> verdict) {
            List<Entry> more = new ArrayList<>(entries);
            more.add(new Entry(type, thrown -> verdict.apply(type.cast(thrown))));
            return new ErrorRules(more);
        }
    }
}

package dev.tidemill.jobs;

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Hands jobs to workers that are not this process: programs in any language, over HTTP or otherwise. What they get is held
 * under this process's epoch, as what its own handlers run is: if the process is lost, the jobs run again. Limits, pauses,
 * priorities, retries and breakers are the same.
 *
 * <p>An attempt belongs to the process that handed it out; only that one takes word of it. A worker that says nothing for
 * as long as its lease loses the attempt, and the job runs again. Thread safe. A process that hands out nothing has no
 * connection for it.
 */
public interface RemoteWork {
    /**
     * Claims jobs for a worker; waits for some to appear, woken as this process's own handlers are.
     *
     * @return up to as many as were asked for; empty if none came in time
     * @throws TidemillException {@link ErrorCode#DATABASE_UNREACHABLE} if this process is out of contact
     */
    List<Held> claim(Request request) throws InterruptedException;

    /**
     * Says that the worker still has an attempt, and what there is to tell of it.
     *
     * @param progress how far it is; null if that has not changed
     * @param lines what it logs, at most 1,000
     * @throws TidemillException {@link ErrorCode#LEASE_LOST} if the attempt is unknown
     */
    Beat heartbeat(Handle handle, @Nullable Step progress, List<Line> lines);

    /**
     * Says that a job is done. When this returns, that is committed. Saying it twice is harmless.
     *
     * @param result what to keep, as JSON of at most 64 KiB; null for nothing
     * @throws TidemillException {@link ErrorCode#LEASE_LOST} if the worker no longer has the attempt; nothing was changed
     */
    void finish(Handle handle, @Nullable String result);

    /** Says that an attempt failed. When this returns, that and what follows is committed. As {@link #finish}. */
    void fail(Handle handle, Failure failure);

    /** Gives a job back that the worker will not do; it may run again at once, and that is not counted. */
    void release(Handle handle);

    /**
     * Answers those who wait with nothing, and gives back whatever is in workers' hands: for when no more word of theirs
     * will reach this process. What is claimed later is handed out as before.
     */
    void recall();

    /**
     * Says what kinds depend on, in place of what was said before; see {@link HandlerOptions#dependsOn}.
     *
     * @param dependencies of each kind at most 10
     * @param breakers settings; a dependency without them has the standard ones, or those that are stored
     * @throws TidemillException if there would be more than {@link Breakers#MOST} of them
     */
    void dependOn(Map<String, Set<String>> dependencies, List<Breaker> breakers);

    /**
     * What a worker asks for.
     *
     * @param worker its name for people, 1 to 100 characters
     * @param kinds what it handles: 1 to 100 kinds
     * @param queues where it takes them from: up to 20; none stands for {@code default}
     * @param max how many jobs at most, 1 to 100
     * @param patience how long to wait for the first, 0 to 30 seconds
     * @param lease after how much silence an attempt is lost, 1 second to 1 hour
     */
    record Request(String worker, Set<String> kinds, Set<String> queues, int max, Duration patience, Duration lease) {
        public Request {
            if (worker.isBlank() || worker.length() > 100 || worker.indexOf('\0') >= 0) {
                throw refused("worker's name", worker.length() + " characters", "1 to 100, not all blank");
            }
            kinds = Set.copyOf(kinds);
            kinds.forEach(Names::kind);
            between("kinds", kinds.size(), 1, 100);
            queues = queues.isEmpty() ? Set.of(HandlerOptions.DEFAULT_QUEUE) : Set.copyOf(queues);
            queues.forEach(Names::queue);
            between("queues", queues.size(), 1, 20);
            between("max", max, 1, 100);
            if (patience.isNegative() || patience.compareTo(Duration.ofSeconds(30)) > 0) {
                throw refused("wait", patience.toString(), "0 to 30 seconds");
            }
            if (lease.compareTo(Duration.ofSeconds(1)) < 0 || lease.compareTo(Duration.ofHours(1)) > 0) {
                throw refused("lease", lease.toString(), "1 second to 1 hour");
            }
        }

        private static void between(String what, int given, int least, int most) {
            if (given < least || given > most) {
                throw refused(what, Integer.toString(given), least + " to " + most);
            }
        }

        private static TidemillException refused(String what, String given, String rule) {
            return new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A remote worker's " + what + ": " + given + "; it must be " + rule + ".");
        }
    }

    /**
     * Names an attempt in a worker's hands.
     *
     * @param job its job
     * @param attempt its number, from 1
     * @param token what only the worker knows that it was handed to
     */
    record Handle(long job, int attempt, String token) {
        /** Without the token, for logs. */
        @Override
        public String toString() {
            return "attempt " + attempt + " of job " + job;
        }
    }

    /**
     * A job in a worker's hands.
     *
     * @param handle what to name it by
     * @param kind its kind
     * @param queue its queue
     * @param priority its priority
     * @param failures counted failures so far
     * @param payload JSON text
     * @param tags its tags
     * @param key its key; null for none
     * @param trace the W3C {@code traceparent} it was enqueued with; null for none
     * @param startBy its start deadline
     * @param timeout how long the attempt may take from now on; null for as long as the lease is kept
     * @param leaseUntil when it is lost unless the worker says something, by the database's clock
     */
    record Held(
            Handle handle,
            String kind,
            String queue,
            Priority priority,
            int failures,
            String payload,
            Map<String, String> tags,
            @Nullable String key,
            @Nullable String trace,
            Instant startBy,
            @Nullable Duration timeout,
            Instant leaseUntil) {
        public Held {
            tags = Map.copyOf(tags);
        }
    }

    /**
     * Whether to go on.
     *
     * @param goOn false if the attempt has ended: what the worker still does counts for nothing
     * @param ended how it ended; null while it goes on
     * @param leaseUntil when it is lost unless the worker says something; null once it has ended
     */
    record Beat(
            boolean goOn,
            @Nullable AttemptOutcome ended,
            @Nullable Instant leaseUntil) {}

    /**
     * How far an attempt is.
     *
     * @param done how much is done, 0 or more
     * @param total of how much; 0 if unknown
     * @param message what it is doing; null for none
     */
    record Step(long done, long total, @Nullable String message) {}

    /** A line to keep in the job's log. */
    record Line(LogLevel level, String text) {}

    /**
     * Why an attempt failed, and what that stands for.
     *
     * @param category what it stands for
     * @param message for people, up to 8,000 characters; what is beyond is cut off
     * @param after when to try again; null for the backoff, or what the category says
     * @param until the same as a time by the database's clock; null unless given instead
     * @param counted whether it counts as a failed attempt; of {@link ErrorCategory#RETRY} alone
     * @param dependency who is down, of {@link ErrorCategory#DEPENDENCY_DOWN} alone; null for the only one there is
     */
    record Failure(
            ErrorCategory category,
            String message,
            @Nullable Duration after,
            @Nullable Instant until,
            boolean counted,
            @Nullable String dependency) {
        private static final int LONGEST = 8_000;

        public Failure {
            String cut = message.length() > LONGEST ? message.substring(0, LONGEST) : message;
            message = new String(cut.replace('\0', '\uFFFD').getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
            if (after != null) {
                EnqueueOptions.validDelay(after);
            }
            if (after != null && until != null) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION, "A failure has both a delay and a time to try again; give one.");
            }
            if (dependency != null) {
                Names.dependency(dependency);
            }
            counted = category == ErrorCategory.PERMANENT || (counted && category == ErrorCategory.RETRY);
            if (category == ErrorCategory.RETRY && !counted && after == null && until == null) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "A failure that is not counted says nothing of when to try again; give a delay or a time, so that it"
                                + " is not tried over and over.");
            }
        }

        /** Tried again by the job's backoff. */
        public static Failure retry(String message) {
            return new Failure(ErrorCategory.RETRY, message, null, null, true, null);
        }

        /** Not tried again. */
        public static Failure permanent(String message) {
            return new Failure(ErrorCategory.PERMANENT, message, null, null, true, null);
        }

        /** Not before this time, because too much was asked. */
        public static Failure rateLimited(String message, Duration after) {
            return new Failure(ErrorCategory.RATE_LIMITED, message, after, null, false, null);
        }

        /** Once this may be back. */
        public static Failure dependencyDown(String message, String dependency) {
            return new Failure(ErrorCategory.DEPENDENCY_DOWN, message, null, null, false, dependency);
        }
    }
}

package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.jobs.Tracing.Parcel;
import dev.tidemill.jobs.Unique;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Intake;
import dev.tidemill.jobs.store.Intake.Added;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.StoreException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Writes jobs. Single enqueues of several threads share commits: the first thread to come writes for itself; those
 * that come meanwhile wait, and the next of them writes for all that wait. Nobody waits for company, every caller
 * returns after its own job is committed, and eight threads cost one commit instead of eight.
 */
final class Enqueuer {
    private static final int GROUP_LIMIT = 500;

    private final Registry registry;
    private final Settings settings;
    private final Intake intake;
    private final Traces traces;
    private final Observers observers;
    private final Consumer<List<Hint>> committed;
    private final Function<List<NewJob>, List<Long>> shortWay;
    private final ConcurrentLinkedQueue<Waiting> waiting = new ConcurrentLinkedQueue<>();
    private final ReentrantLock writing = new ReentrantLock();

    /**
     * Creates it.
     *
     * @param committed hears of what was committed
     * @param shortWay enqueues jobs where they run at once, and returns their ids, or none if they have to go through
     *     the queue
     */
    Enqueuer(
            Registry registry,
            Settings settings,
            Intake intake,
            Traces traces,
            Observers observers,
            Consumer<List<Hint>> committed,
            Function<List<NewJob>, List<Long>> shortWay) {
        this.shortWay = shortWay;
        this.registry = registry;
        this.settings = settings;
        this.intake = intake;
        this.traces = traces;
        this.observers = observers;
        this.committed = committed;
    }

    Enqueued enqueue(Object job, EnqueueOptions options) {
        if (!traces.on()) {
            return write(prepare(job, options));
        }
        Parcel parcel = parcel(List.of(job), options);
        return traces.sending(
                parcel, trace -> write(prepare(job, options, parcel, trace)), written -> List.of(written.id()));
    }

    private Enqueued write(NewJob prepared) {
        if (prepared.atMicros() != 0 || prepared.unique() != null) {
            // Its time may be refused by the database's clock, or its key be in an open transaction; the others of a
            // group must neither fail nor wait for that.
            return add(List.of(prepared)).first();
        }
        Waiting mine = new Waiting(prepared);
        waiting.add(mine);
        boolean interrupted = false;
        while (!mine.done) {
            if (writing.tryLock()) {
                try {
                    if (!mine.done) {
                        writeGroup();
                    }
                } finally {
                    writing.unlock();
                    Waiting next = waiting.peek();
                    if (next != null) {
                        LockSupport.unpark(next.thread);
                    }
                }
            } else {
                LockSupport.park(this);
                interrupted |= Thread.interrupted();
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (mine.failure != null) {
            throw mine.failure;
        }
        return new Enqueued(mine.id, Enqueued.How.CREATED);
    }

    List<Long> enqueueAll(Collection<?> jobs, EnqueueOptions options) {
        if (jobs.isEmpty()) {
            return List.of();
        }
        return traced(jobs, options, this::add).ids();
    }

    private Added add(List<NewJob> prepared) {
        Added added = intake.add(prepared);
        committed.accept(added.hints());
        observers.enqueued(prepared, added.hows());
        return added;
    }

    /** Adds in the caller's transaction; the hints are the caller's to use once it is committed. */
    Added add(Connection connection, Collection<?> jobs, EnqueueOptions options) {
        if (jobs.isEmpty()) {
            return new Added(List.of(), List.of());
        }
        return traced(jobs, options, prepared -> {
            Added added = intake.add(connection, prepared);
            observers.enqueued(prepared, added.hows());
            return added;
        });
    }

    private Added traced(Collection<?> jobs, EnqueueOptions options, Function<List<NewJob>, Added> write) {
        if (!traces.on()) {
            return write.apply(prepareAll(jobs, options, null, null));
        }
        Parcel parcel = parcel(jobs, options);
        return traces.sending(parcel, trace -> write.apply(prepareAll(jobs, options, parcel, trace)), Added::ids);
    }

    /** What a trace is told of these jobs before they are looked at closely. */
    private Parcel parcel(Collection<?> jobs, EnqueueOptions given) {
        Set<String> kinds = new HashSet<>();
        Set<String> queues = new HashSet<>();
        String trace = null;
        for (Object job : jobs) {
            EnqueueOptions options = options(job, given);
            Registry.Entry entry = entry(job);
            kinds.add(kind(job, entry));
            queues.add(queue(options, entry));
            trace = trace == null ? options.trace() : trace;
        }
        return new Parcel(
                kinds.size() == 1 ? kinds.iterator().next() : null,
                queues.size() == 1 ? queues.iterator().next() : null,
                jobs.size(),
                trace);
    }

    /** An error (memory, a class that is missing) fails the whole group, so that nobody takes it for written. */
    private void writeGroup() {
        List<Waiting> group = new ArrayList<>();
        Waiting next;
        while (group.size() < GROUP_LIMIT && (next = waiting.poll()) != null) {
            group.add(next);
        }
        if (group.isEmpty()) {
            return;
        }
        try {
            write(group);
        } catch (RuntimeException failed) {
            boolean shared = group.size() == 1 || (failed instanceof StoreException store && store.connection());
            for (Waiting entry : group) {
                entry.failure = shared ? failed : writeAlone(entry);
            }
        } catch (Error failed) {
            group.forEach(entry -> entry.failure = new IllegalStateException("Enqueuing broke off.", failed));
            throw failed;
        } finally {
            group.forEach(Waiting::release);
        }
    }

    private void write(List<Waiting> group) {
        List<NewJob> jobs = group.stream().map(entry -> entry.job).toList();
        List<Long> ids = shortWay.apply(jobs);
        if (ids.isEmpty()) {
            ids = add(jobs).ids();
        } else {
            committed.accept(List.of());
            observers.enqueued(jobs);
        }
        for (int i = 0; i < group.size(); i++) {
            group.get(i).id = ids.get(i);
        }
    }

    /** One job that the database refuses must not take the others of its group along. */
    private @Nullable RuntimeException writeAlone(Waiting entry) {
        try {
            write(List.of(entry));
            return null;
        } catch (RuntimeException failed) {
            return failed;
        }
    }

    private List<NewJob> prepareAll(
            Collection<?> jobs, EnqueueOptions options, @Nullable Parcel parcel, @Nullable String trace) {
        List<NewJob> prepared = new ArrayList<>(jobs.size());
        for (Object job : jobs) {
            prepared.add(prepare(job, options, parcel, trace));
        }
        return prepared;
    }

    /** Checks a job and resolves what its options leave open; writes nothing. */
    NewJob prepare(Object job, EnqueueOptions given) {
        return prepare(job, given, null, null);
    }

    private NewJob prepare(Object job, EnqueueOptions given, @Nullable Parcel parcel, @Nullable String carriedOn) {
        EnqueueOptions options = options(job, given);
        Registry.Entry entry = entry(job);
        String kind = kind(job, entry);
        String payload;
        if (job instanceof JobRequest request) {
            payload = request.json();
            registry.codec().check(payload);
        } else {
            payload = registry.codec().write(job);
        }
        checkText(kind, payload);
        checkSize(kind, payload);
        Priority priority = options.priority() != null
                ? options.priority()
                : entry != null && entry.options().priority() != null
                        ? entry.options().priority()
                        : Priority.MEDIUM;
        String queue = queue(options, entry);
        Meta meta = Meta.of(options, trace(options, parcel, carriedOn));
        Unique unique = options.unique();
        Duration delay = unique != null && unique.mode() == Unique.Mode.DEBOUNCE ? unique.quiet() : options.delay();
        Instant at = options.at();
        return new NewJob(
                kind,
                queue,
                priority,
                payload,
                meta == null ? null : registry.codec().write(meta),
                options.key(),
                options.tags(),
                micros(settings.priorities().deadline(priority)),
                delay == null ? 0 : micros(delay),
                at == null ? 0 : Math.max(1, micros(at)),
                unique);
    }

    /** Others wrote these, prepared here. */
    void written(List<NewJob> jobs) {
        observers.enqueued(jobs);
    }

    /** Refuses a payload that could not be enqueued. */
    void checkPayload(String kind, String payload) {
        registry.codec().check(payload);
        checkText(kind, payload);
        checkSize(kind, payload);
    }

    private static EnqueueOptions options(Object job, EnqueueOptions given) {
        return job instanceof JobRequest request && given.equals(EnqueueOptions.NONE) ? request.options() : given;
    }

    private Registry.@Nullable Entry entry(Object job) {
        return job instanceof JobRequest request ? registry.ofKind(request.kind()) : registry.ofClass(job.getClass());
    }

    /** What has no class has the name it was given, also where that is an alias. */
    private static String kind(Object job, Registry.@Nullable Entry entry) {
        return job instanceof JobRequest request
                ? request.kind()
                : Objects.requireNonNull(entry).kind();
    }

    private static String queue(EnqueueOptions options, Registry.@Nullable Entry entry) {
        return options.queue() != null
                ? options.queue()
                : entry != null ? entry.options().queue() : HandlerOptions.DEFAULT_QUEUE;
    }

    /** The enqueue's own, unless this job continues another one than the others that are written with it. */
    private static @Nullable String trace(EnqueueOptions options, @Nullable Parcel parcel, @Nullable String carriedOn) {
        String wanted = options.trace();
        if (carriedOn != null && parcel != null && (wanted == null || wanted.equals(parcel.trace()))) {
            return carriedOn;
        }
        return wanted != null ? wanted : surroundingTrace();
    }

    private static @Nullable String surroundingTrace() {
        String trace = MDC.get("trace");
        return trace != null && EnqueueOptions.isTrace(trace) ? trace : null;
    }

    /** Half a character would be stored as a question mark without a word. */
    private static void checkText(String kind, String payload) {
        for (int i = 0; i < payload.length(); i++) {
            char one = payload.charAt(i);
            if (Character.isSurrogate(one)) {
                if (!Character.isHighSurrogate(one)
                        || i + 1 == payload.length()
                        || !Character.isLowSurrogate(payload.charAt(i + 1))) {
                    throw new TidemillException(
                            ErrorCode.PAYLOAD_INVALID,
                            "The payload of this " + kind + " has half a surrogate pair at character " + i
                                    + ", which UTF-8 cannot hold. Check where that text was cut.");
                }
                i++;
            }
        }
    }

    private void checkSize(String kind, String payload) {
        int limit = settings.payloadLimitBytes();
        if (payload.length() > limit / 3) {
            int bytes = payload.getBytes(StandardCharsets.UTF_8).length;
            if (bytes > limit) {
                throw new TidemillException(
                        ErrorCode.PAYLOAD_TOO_LARGE,
                        "The payload of this " + kind + " has " + bytes + " bytes; the limit is " + limit
                                + ". Keep large data elsewhere and enqueue a reference to it.");
            }
        }
    }

    static long micros(Duration duration) {
        return Math.addExact(Math.multiplyExact(duration.getSeconds(), 1_000_000L), duration.getNano() / 1_000L);
    }

    private static long micros(Instant instant) {
        try {
            return Math.addExact(Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1_000L);
        } catch (ArithmeticException beyond) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION, "The time " + instant + " is beyond what a clock can hold.", beyond);
        }
    }

    /** A caller and its job, until a thread, maybe its own, has written it. */
    private static final class Waiting {
        private final NewJob job;
        private final Thread thread = Thread.currentThread();
        private long id;
        private @Nullable RuntimeException failure;
        private volatile boolean done;

        Waiting(NewJob job) {
            this.job = job;
        }

        void release() {
            done = true;
            // Whoever wrote its own does not park for it: the permit would end the caller's next park at once.
            if (!thread.equals(Thread.currentThread())) {
                LockSupport.unpark(thread);
            }
        }
    }
}

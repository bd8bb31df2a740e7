package dev.tidemill.jobs;

import dev.tidemill.jobs.engine.Registry;
import dev.tidemill.jobs.engine.ScheduleBook;
import dev.tidemill.jobs.engine.Settings;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.UnaryOperator;
import javax.sql.DataSource;
import org.jspecify.annotations.Nullable;

/** Collects what a {@link Tidemill} needs to start. For one thread, used once. */
public final class TidemillBuilder {
    private final DataSource dataSource;
    private final Registry.Builder registry = new Registry.Builder();
    private final Map<String, QueueOptions> queues = new LinkedHashMap<>();
    private final Map<String, ScheduleBook.InCode> schedules = new LinkedHashMap<>();
    private Priorities priorities = Priorities.standard();
    private ErrorRules errors = ErrorRules.NONE;
    private @Nullable JsonCodec codec;
    private String schema = "tidemill";
    private @Nullable String nodeName;
    private boolean migrate = true;
    private int payloadLimitBytes = 1 << 20;
    private Duration heartbeat = Duration.ofSeconds(2);
    private Duration deadAfter = Duration.ofSeconds(10);
    private int poisonAfter = 3;
    private @Nullable Duration history;
    private double holdHeapFrom = 0.85;
    private final Map<String, Breaker> breakers = new LinkedHashMap<>();
    private @Nullable Tracing tracing;

    TidemillBuilder(DataSource dataSource) {
        this.dataSource = Objects.requireNonNull(dataSource, "dataSource");
        queues.put(HandlerOptions.DEFAULT_QUEUE, QueueOptions.STANDARD);
    }

    /** Handles jobs of this class, by the defaults. */
    public <T> TidemillBuilder handle(Class<T> type, Handler<? super T> handler) {
        return handle(type, handler, options -> options);
    }

    /** Handles jobs of this class. */
    public <T> TidemillBuilder handle(
            Class<T> type, Handler<? super T> handler, UnaryOperator<HandlerOptions> options) {
        registry.handle(type, handler, options.apply(HandlerOptions.STANDARD));
        return this;
    }

    /** Handles jobs of a kind that has no class; the handler gets the payload as JSON text. */
    public TidemillBuilder handleJson(String kind, Handler<String> handler) {
        return handleJson(kind, handler, options -> options);
    }

    /** Handles jobs of a kind that has no class; the handler gets the payload as JSON text. */
    public TidemillBuilder handleJson(String kind, Handler<String> handler, UnaryOperator<HandlerOptions> options) {
        registry.handleJson(kind, handler, options.apply(HandlerOptions.STANDARD));
        return this;
    }

    /** Handles jobs of this class many at a time, by {@link ChunkOptions#STANDARD}. */
    public <T> TidemillBuilder handleChunks(Class<T> type, ChunkHandler<T> handler) {
        return handleChunks(type, handler, options -> options);
    }

    /** Handles jobs of this class many at a time; {@link HandlerOptions#chunk(int, Duration)} says how many. */
    public <T> TidemillBuilder handleChunks(
            Class<T> type, ChunkHandler<T> handler, UnaryOperator<HandlerOptions> options) {
        registry.handleChunks(type, handler, options.apply(HandlerOptions.STANDARD));
        return this;
    }

    /** Handles jobs of a kind that has no class many at a time; the handler gets the payloads as JSON text. */
    public TidemillBuilder handleJsonChunks(
            String kind, ChunkHandler<String> handler, UnaryOperator<HandlerOptions> options) {
        registry.handleJsonChunks(kind, handler, options.apply(HandlerOptions.STANDARD));
        return this;
    }

    /** Tells a process that only enqueues jobs of this class where they go; it handles none. */
    public TidemillBuilder declare(Class<?> type, UnaryOperator<HandlerOptions> options) {
        registry.declare(type, options.apply(HandlerOptions.STANDARD));
        return this;
    }

    /** Works on this queue too; {@code default}, and the queues of the kinds handled here, are worked on anyway. */
    public TidemillBuilder queue(String name, UnaryOperator<QueueOptions> options) {
        queues.put(Names.queue(name), options.apply(queues.getOrDefault(name, QueueOptions.STANDARD)));
        return this;
    }

    /** Defines a schedule, by the defaults; see {@link #schedule(String, Timing, Object, UnaryOperator)}. */
    public TidemillBuilder schedule(String name, Timing timing, Object job) {
        return schedule(name, timing, job, options -> options);
    }

    /**
     * Defines a schedule. It is stored at the start unless it is stored already: several nodes store it once, a change
     * made at run time is kept until this definition changes, and of applications that say different things the one
     * that started last is right. A schedule that the code no longer names goes on until it is removed.
     *
     * @param name 1 to 100 letters, digits, dots, dashes or underscores, the first one a letter
     * @param job an object of a job class, or a {@link JobRequest}
     */
    public TidemillBuilder schedule(String name, Timing timing, Object job, UnaryOperator<ScheduleOptions> options) {
        ScheduleOptions chosen = options.apply(ScheduleOptions.NONE);
        if (schedules.put(Names.schedule(name), new ScheduleBook.InCode(name, timing, job, chosen)) != null) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The schedule '" + name + "' was defined twice; give each schedule a name of its own.");
        }
        return this;
    }

    /** The start deadlines, weights and off-peak windows; give every process on the schema the same. */
    public TidemillBuilder priorities(Priorities value) {
        priorities = value;
        return this;
    }

    /** Which exceptions stand for which {@link ErrorCategory}, for all kinds; adds to what was said before. */
    public TidemillBuilder errors(UnaryOperator<ErrorRules> rules) {
        errors = rules.apply(errors);
        return this;
    }

    /**
     * Settings of a breaker, for all processes on the schema: those of the process that started last hold. What handlers
     * depend on without such settings has those of {@link Breaker#of}.
     */
    public TidemillBuilder breaker(Breaker value) {
        breakers.put(value.name(), value);
        return this;
    }

    /** Where traces of jobs are kept; unless one is given, jobs only hand on the trace that they were enqueued with. */
    public TidemillBuilder tracing(Tracing value) {
        tracing = value;
        return this;
    }

    /** How jobs become JSON; Jackson unless told otherwise. */
    public TidemillBuilder codec(JsonCodec value) {
        codec = value;
        return this;
    }

    /**
     * The schema of Tidemill's tables, {@code tidemill} unless told otherwise. Instances on different schemas of one
     * database share nothing. 1 to 63 bytes, taken as they are (case, blanks and reserved words included), without
     * quotes, backslashes, control characters and any of {@code % $ ? ; { }}, and not beginning with {@code pg_}.
     */
    public TidemillBuilder schema(String name) {
        schema = Names.schema(name);
        return this;
    }

    /** This process's name on pages and in logs; host and process id unless told otherwise. 1 to 100 characters. */
    public TidemillBuilder nodeName(String name) {
        if (name.isBlank() || name.length() > 100) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The node name has " + name.length() + " characters; it needs 1 to 100, not all blank.");
        }
        nodeName = name;
        return this;
    }

    /** Whether {@link #start} creates and migrates the schema (the default), or only checks it. */
    public TidemillBuilder migrate(boolean value) {
        migrate = value;
        return this;
    }

    /** The longest payload in bytes of UTF-8: 1 MiB unless told otherwise, 1 to 64 MiB. */
    public TidemillBuilder payloadLimit(int bytes) {
        if (bytes < 1 || bytes > 64 << 20) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The payload limit is " + bytes + " bytes; it must be between 1 and " + (64 << 20) + ".");
        }
        payloadLimitBytes = bytes;
        return this;
    }

    /**
     * How often this node says that it lives, and after how much silence it counts as dead: 2 s and 10 s unless told
     * otherwise. A node whose process is killed is noticed sooner, by its broken database session. Heartbeats are 100
     * ms to 1 minute apart, and death takes at least four of them. Give every process on the schema the same.
     */
    public TidemillBuilder heartbeat(Duration every, Duration deadAfter) {
        if (every.compareTo(Duration.ofMillis(100)) < 0
                || every.compareTo(Duration.ofMinutes(1)) > 0
                || deadAfter.compareTo(every.multipliedBy(4)) < 0) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A heartbeat every " + every + " and death after " + deadAfter
                            + " do not go together: 100 ms to 1 min, and at least four times that.");
        }
        heartbeat = every;
        this.deadAfter = deadAfter;
        return this;
    }

    /**
     * After how many times that a job was lost with its node it becomes a dead letter: 3 unless told otherwise, 2 to 100.
     * One less of them, and it is suspected of taking the process down: this node then runs it beside its other jobs,
     * but one suspect at a time. Only the one that runs when the node is lost is convicted, with the code
     * {@link ErrorCode#POISONED}.
     */
    public TidemillBuilder poisonAfter(int losses) {
        if (losses < 2 || losses > 100) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "A job is to be a dead letter after it was lost " + losses
                            + " times; it must be between 2 and 100 times.");
        }
        poisonAfter = losses;
        return this;
    }

    /**
     * How long finished jobs, their attempts and discarded dead letters stay: at least this long, and about a tenth
     * longer, since they leave by the partition. Stored in the schema for all its processes; unless one has set it,
     * seven days. 1 hour to ten years. Single kinds can ask for more: {@link HandlerOptions#keep}.
     */
    public TidemillBuilder history(Duration value) {
        history = Retention.validAge(value);
        return this;
    }

    /**
     * From which share of the heap on, in use after a garbage collection, this process takes one job at a time, until a
     * tenth of the heap more is free: 0.85 unless told otherwise, 0.3 to 1; 1 means that it never does.
     */
    public TidemillBuilder heapGuard(double share) {
        if (!(share >= 0.3 && share <= 1)) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The heap guard was given the share " + share + "; it must be between 0.3 and 1.");
        }
        holdHeapFrom = share;
        return this;
    }

    /**
     * Connects, brings the schema up to date, and starts to work if there are handlers.
     *
     * @throws TidemillException if the database cannot be reached, is too old, lacks a right or has a newer schema
     */
    public Tidemill start() {
        Registry handlers = handlers();
        return new Tidemill(dataSource, handlers, settings()).define(List.copyOf(schedules.values()));
    }

    /**
     * Connects and brings the schema up to date, but starts nothing: no thread, no heartbeat. For tests, and for programs
     * that run what is due and end.
     *
     * @throws TidemillException as {@link #start}
     */
    public HandMill startByHand() {
        Registry handlers = handlers();
        HandMill hand = new HandMill(dataSource, handlers, settings());
        hand.tidemill().define(List.copyOf(schedules.values()));
        return hand;
    }

    /** Their queues are worked on as well. */
    private Registry handlers() {
        Registry handlers = registry.build(codec == null ? new JacksonCodec() : codec);
        handlers.queues().forEach(queue -> queues.putIfAbsent(queue, QueueOptions.STANDARD));
        return handlers;
    }

    private Settings settings() {
        return new Settings(
                schema,
                nodeName,
                migrate,
                payloadLimitBytes,
                priorities,
                queues,
                errors,
                heartbeat,
                deadAfter,
                poisonAfter,
                history,
                holdHeapFrom,
                breakers,
                tracing);
    }
}

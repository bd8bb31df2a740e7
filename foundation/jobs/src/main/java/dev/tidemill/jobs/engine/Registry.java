package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ChunkHandler;
import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.FailureAlarm;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JsonCodec;
import dev.tidemill.jobs.Keep;
import dev.tidemill.jobs.Kind;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.TidemillException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The kinds this process knows: which class each has, and which handler, if any. Immutable once built. */
public final class Registry {
    private final Map<String, Entry> byKind;
    private final Map<Class<?>, Entry> byClass;
    private final JsonCodec codec;

    private Registry(Map<String, Entry> byKind, Map<Class<?>, Entry> byClass, JsonCodec codec) {
        this.byKind = Map.copyOf(byKind);
        this.byClass = Map.copyOf(byClass);
        this.codec = codec;
    }

    /** The same kinds, whose handlers also tell this observer what they throw. */
    Registry observed(Consumer<Throwable> observer) {
        Map<String, Entry> kinds = new HashMap<>();
        byKind.forEach((kind, entry) -> kinds.put(kind, entry.observed(observer)));
        return new Registry(kinds, byClass, codec);
    }

    /** The kinds handled here, aliases included. */
    public Set<String> handledKinds() {
        Set<String> kinds = new HashSet<>();
        byKind.forEach((kind, entry) -> {
            if (entry.handled()) {
                kinds.add(kind);
            }
        });
        return kinds;
    }

    /** Whether jobs of a kind are handled here, each by a call of its own. */
    boolean handlesOneByOne(String kind) {
        Entry entry = byKind.get(kind);
        return entry != null && entry.handled() && entry.chunks() == null;
    }

    /** The queues of the kinds handled here. */
    public Set<String> queues() {
        Set<String> queues = new HashSet<>();
        byKind.values().stream().filter(Entry::handled).forEach(entry -> queues.add(entry.options.queue()));
        return queues;
    }

    /** The kind that jobs of a class are enqueued under, and the former names of it. */
    public Set<String> kindsOf(Class<?> type) {
        Entry entry = ofClass(type);
        Set<String> kinds = new HashSet<>(entry.options.aliases());
        kinds.add(entry.kind);
        return kinds;
    }

    /** The job of a payload. */
    public <T> T read(String payload, Class<T> type) {
        return codec.read(payload, type);
    }

    /** What kinds ask to be kept, aliases included. */
    Map<String, Keep> keeps() {
        Map<String, Keep> keeps = new HashMap<>();
        byKind.forEach((kind, entry) -> {
            Keep keep = entry.options.keep();
            if (keep != null) {
                keeps.put(kind, keep);
            }
        });
        return keeps;
    }

    JsonCodec codec() {
        return codec;
    }

    @Nullable
    Entry ofKind(String kind) {
        return byKind.get(kind);
    }

    Entry ofClass(Class<?> type) {
        Entry entry = byClass.get(type);
        if (entry != null) {
            return entry;
        }
        String kind = defaultKind(type);
        return new Entry(kind, HandlerOptions.STANDARD.kind(kind), null, null);
    }

    private static String defaultKind(Class<?> type) {
        Kind named = type.getAnnotation(Kind.class);
        return named != null ? named.value() : type.getSimpleName();
    }

    /** The alarms of the kinds handled here that say something about them. */
    Map<String, FailureAlarm> alarms() {
        Map<String, FailureAlarm> alarms = new HashMap<>();
        for (Entry entry : byKind.values()) {
            FailureAlarm alarm = entry.options.alarm();
            if (entry.handled() && alarm != null) {
                alarms.put(entry.kind, alarm);
            }
        }
        return alarms;
    }

    /** What each kind that is handled here depends on, aliases included. */
    Map<String, Set<String>> dependencies() {
        Map<String, Set<String>> dependencies = new HashMap<>();
        byKind.forEach((kind, entry) -> {
            if (entry.handled()) {
                dependencies.put(kind, entry.options.dependsOn());
            }
        });
        return dependencies;
    }

    boolean hasDependencies() {
        return byKind.values().stream()
                .anyMatch(entry -> entry.handled() && !entry.options.dependsOn().isEmpty());
    }

    /** The kinds handled in chunks. */
    List<Entry> inChunks() {
        return byKind.values().stream()
                .filter(entry -> entry.chunks != null)
                .distinct()
                .sorted(Comparator.comparing(Entry::kind))
                .toList();
    }

    /** A kind; {@code task} and {@code chunks} are null when it is only declared, else one of them is. */
    record Entry(
            String kind,
            HandlerOptions options,
            @Nullable Task task,
            @Nullable ChunkTask<?> chunks) {
        boolean handled() {
            return task != null || chunks != null;
        }

        Entry observed(Consumer<Throwable> observer) {
            return new Entry(
                    kind,
                    options,
                    task == null ? null : task.observed(observer),
                    chunks == null ? null : chunks.observed(observer));
        }
    }

    /**
     * A handler of chunks.
     *
     * @param decoder reads a payload
     */
    record ChunkTask<T>(BiFunction<JsonCodec, String, T> decoder, ChunkHandler<T> handler) {
        ChunkTask<T> observed(Consumer<Throwable> observer) {
            return new ChunkTask<>(decoder, chunk -> {
                try {
                    handler.handle(chunk);
                } catch (Throwable failed) {
                    observer.accept(failed);
                    throw failed;
                }
            });
        }
    }

    /** Decodes a payload and returns what is left to do. */
    @FunctionalInterface
    interface Task {
        Body decode(JsonCodec codec, String payload);

        default Task observed(Consumer<Throwable> observer) {
            return (codec, payload) -> {
                try {
                    return decode(codec, payload).observed(observer);
                } catch (RuntimeException | Error failed) {
                    observer.accept(failed);
                    throw failed;
                }
            };
        }
    }

    /** A decoded job with its handler. */
    @FunctionalInterface
    interface Body {
        void run(Run run) throws Exception;

        default Body observed(Consumer<Throwable> observer) {
            return run -> {
                try {
                    run(run);
                } catch (Throwable failed) {
                    observer.accept(failed);
                    throw failed;
                }
            };
        }
    }

    /** Collects kinds; refuses two meanings for one name. */
    public static final class Builder {
        private final Map<String, Entry> byKind = new HashMap<>();
        private final Map<Class<?>, Entry> byClass = new HashMap<>();

        /** A class with its handler. */
        public <T> void handle(Class<T> type, Handler<? super T> handler, HandlerOptions options) {
            Task task = (codec, payload) -> {
                T job = codec.read(payload, type);
                return run -> handler.handle(job, run);
            };
            put(type, single(options), task, null);
        }

        /** A class with its handler of many. */
        public <T> void handleChunks(Class<T> type, ChunkHandler<T> handler, HandlerOptions options) {
            put(type, options, null, new ChunkTask<>((codec, payload) -> codec.read(payload, type), handler));
        }

        /** A kind without a class, with its handler of many. */
        public void handleJsonChunks(String kind, ChunkHandler<String> handler, HandlerOptions options) {
            put(new Entry(kind, options.kind(kind), null, new ChunkTask<>((codec, payload) -> payload, handler)));
        }

        private static HandlerOptions single(HandlerOptions options) {
            if (options.chunk() != null) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        "The option chunk was given to a handler of single jobs; use handleChunks, or leave it out.");
            }
            return options;
        }

        /** A kind without a class, with its handler. */
        public void handleJson(String kind, Handler<String> handler, HandlerOptions options) {
            Task task = (codec, payload) -> run -> handler.handle(payload, run);
            put(new Entry(kind, single(options).kind(kind), task, null));
        }

        /** A class that others handle. */
        public void declare(Class<?> type, HandlerOptions options) {
            put(type, options, null, null);
        }

        private void put(Class<?> type, HandlerOptions options, @Nullable Task task, @Nullable ChunkTask<?> chunks) {
            String kind = options.kind() != null ? options.kind() : defaultKind(type);
            HandlerOptions named = options.kind(kind);
            Entry entry = new Entry(kind, named, task, chunks);
            put(entry);
            if (byClass.put(type, entry) != null) {
                throw new TidemillException(
                        ErrorCode.INVALID_OPTION,
                        type.getName() + " was registered twice; give each class one handler.");
            }
        }

        private void put(Entry entry) {
            Set<String> names = new HashSet<>(entry.options.aliases());
            names.add(entry.kind);
            for (String name : names) {
                if (byKind.put(name, entry) != null) {
                    throw new TidemillException(
                            ErrorCode.INVALID_OPTION,
                            "The kind '" + name
                                    + "' was registered twice; give each kind, and each alias, one handler.");
                }
            }
        }

        /** The registry. */
        public Registry build(JsonCodec codec) {
            return new Registry(byKind, byClass, codec);
        }
    }
}

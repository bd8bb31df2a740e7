package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.Handler;
import dev.tidemill.jobs.HandlerOptions;
import dev.tidemill.jobs.JsonCodec;
import dev.tidemill.jobs.Kind;
import dev.tidemill.jobs.Run;
import dev.tidemill.jobs.TidemillException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
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
            if (entry.task != null) {
                kinds.add(kind);
            }
        });
        return kinds;
    }

    /** The queues of the kinds handled here. */
    public Set<String> queues() {
        Set<String> queues = new HashSet<>();
        byKind.values().stream()
                .filter(entry -> entry.task != null)
                .forEach(entry -> queues.add(entry.options.queue()));
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
        return new Entry(kind, Builder.UNTOLD.kind(kind), null);
    }

    private static String defaultKind(Class<?> type) {
        Kind named = type.getAnnotation(Kind.class);
        return named != null ? named.value() : type.getSimpleName();
    }

    /** A kind; {@code task} is null when it is only declared. */
    record Entry(
            String kind, HandlerOptions options, @Nullable Task task) {

        Entry observed(Consumer<Throwable> observer) {
            return task == null ? this : new Entry(kind, options, task.observed(observer));
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
        private static final HandlerOptions UNTOLD =
                new HandlerOptions(null, Set.of(), HandlerOptions.DEFAULT_QUEUE, null, null, null, null);

        private final Map<String, Entry> byKind = new HashMap<>();
        private final Map<Class<?>, Entry> byClass = new HashMap<>();

        /** A class with its handler. */
        public <T> void handle(Class<T> type, Handler<? super T> handler, HandlerOptions options) {
            put(type, options, (codec, payload) -> {
                T job = codec.read(payload, type);
                return run -> handler.handle(job, run);
            });
        }

        /** A kind without a class, with its handler. */
        public void handleJson(String kind, Handler<String> handler, HandlerOptions options) {
            put(new Entry(kind, options.kind(kind), (codec, payload) -> run -> handler.handle(payload, run)));
        }

        /** A class that others handle. */
        public void declare(Class<?> type, HandlerOptions options) {
            put(type, options, null);
        }

        private void put(Class<?> type, HandlerOptions options, @Nullable Task task) {
            String kind = options.kind() != null ? options.kind() : defaultKind(type);
            HandlerOptions named = options.kind(kind);
            Entry entry = new Entry(kind, named, task);
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

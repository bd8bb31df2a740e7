package dev.tidemill.cache;

import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The type of a cache's values: {@code of(User.class)}, {@code listOf(Post.class)}, or an anonymous subclass for any
 * other, such as {@code new ValueType<Map<String, List<Post>>>() {}}.
 *
 * @param <V> values
 */
@SuppressWarnings("unused") // The parameter is what a subclass is read for.
public abstract class ValueType<V> {
    private final Type type;

    /** Of what the subclass says. */
    protected ValueType() {
        if (!(getClass().getGenericSuperclass() instanceof ParameterizedType parameterized)) {
            throw new CacheException(
                    CacheError.SETTINGS_INVALID,
                    "A value type was made without its parameter. Write new ValueType<List<String>>() {}.");
        }
        this.type = parameterized.getActualTypeArguments()[0];
    }

    private ValueType(Type type) {
        this.type = type;
    }

    /** A class without parameters. */
    public static <V> ValueType<V> of(Class<V> type) {
        return new Given<>(type);
    }

    /** Lists of a class. */
    public static <E> ValueType<List<E>> listOf(Class<E> element) {
        return new Given<>(new Parameterized(List.class, List.of(element)));
    }

    /** Maps from text to a class. */
    public static <E> ValueType<Map<String, E>> mapOf(Class<E> value) {
        return new Given<>(new Parameterized(Map.class, List.of(String.class, value)));
    }

    /** As reflection knows it. */
    public final Type type() {
        return type;
    }

    private static final class Given<V> extends ValueType<V> {
        Given(Type type) {
            super(type);
        }
    }

    private record Parameterized(Class<?> raw, List<Type> arguments) implements ParameterizedType {
        @Override
        public Type[] getActualTypeArguments() {
            return arguments.toArray(Type[]::new);
        }

        @Override
        public Type getRawType() {
            return raw;
        }

        @Override
        public @Nullable Type getOwnerType() {
            return null;
        }
    }
}

package dev.tidemill.model;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tries every order of steps, breadth first, so that the first broken state found is reached in the fewest steps. Takes
 * memory for every state; a search that would take more than its bound fails instead of giving up quietly.
 */
final class Checker {
    /** Something whose states are few enough to count. */
    interface Model<S> {
        S start();

        /** Every step that is possible, with the state that it leads to. */
        List<Step<S>> steps(S state);

        /** What is wrong with the state, if anything. */
        Optional<String> broken(S state);

        /** What is wrong with a state in which nothing is possible any more, if anything. */
        Optional<String> stuck(S state);

        /** The same for equal states, and for no others. */
        byte[] key(S state);
    }

    /** One step and where it leads. */
    record Step<S>(String what, S next) {}

    /**
     * What a search found.
     *
     * @param states how many there are, or how many were seen until one was broken
     * @param broken what is wrong with the last state of the way, or null if none is broken
     * @param way the steps to the broken state
     */
    record Result(int states, @Nullable String broken, List<String> way) {
        @Override
        public String toString() {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < way.size(); i++) {
                text.append(String.format("%3d  %s%n", i + 1, way.get(i)));
            }
            return text + (broken == null ? states + " states, none broken" : "then " + broken);
        }
    }

    /** The bytes of a key, compared by what they are. */
    private static final class Key {
        private final byte[] bytes;
        private final int hash;

        Key(byte[] bytes) {
            this.bytes = bytes;
            this.hash = Arrays.hashCode(bytes);
        }

        @Override
        public boolean equals(@Nullable Object other) {
            return other instanceof Key key && Arrays.equals(bytes, key.bytes);
        }

        @Override
        public int hashCode() {
            return hash;
        }
    }

    private record Came(@Nullable Key from, String by) {}

    private Checker() {}

    /**
     * Searches all states.
     *
     * @throws IllegalStateException if there are more than the bound
     */
    static <S> Result search(Model<S> model, int atMost) {
        Map<Key, Came> seen = new HashMap<>();
        ArrayDeque<S> waiting = new ArrayDeque<>();
        S start = model.start();
        seen.put(new Key(model.key(start)), new Came(null, "start"));
        waiting.add(start);
        while (!waiting.isEmpty()) {
            S state = waiting.poll();
            Key key = new Key(model.key(state));
            Optional<String> broken = model.broken(state);
            List<Step<S>> steps = broken.isPresent() ? List.of() : model.steps(state);
            if (broken.isEmpty() && steps.isEmpty()) {
                broken = model.stuck(state);
            }
            if (broken.isPresent()) {
                return new Result(seen.size(), broken.get(), way(seen, key));
            }
            for (Step<S> step : steps) {
                if (seen.putIfAbsent(new Key(model.key(step.next)), new Came(key, step.what)) == null) {
                    waiting.add(step.next);
                }
            }
            if (seen.size() > atMost) {
                throw new IllegalStateException("There are more than " + atMost + " states: make the scope smaller.");
            }
        }
        return new Result(seen.size(), null, List.of());
    }

    private static List<String> way(Map<Key, Came> seen, Key to) {
        List<String> way = new ArrayList<>();
        for (Key at = to; at != null; ) {
            Came came = seen.get(at);
            if (came == null || came.from == null) {
                break;
            }
            way.add(came.by);
            at = came.from;
        }
        Collections.reverse(way);
        return way;
    }
}

package dev.tidemill.metrics;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** Names that come from outside and become labels: so many, and then no more. Thread safe. */
final class Names {
    static final int LIMIT = 200;
    static final String OTHER = "other";

    private final Set<String> known = ConcurrentHashMap.newKeySet();

    /** The name, or the one that stands for all that came later. A few more than the limit may slip in side by side. */
    String bounded(String name) {
        if (known.contains(name)) {
            return name;
        }
        if (known.size() >= LIMIT) {
            return OTHER;
        }
        known.add(name);
        return name;
    }
}

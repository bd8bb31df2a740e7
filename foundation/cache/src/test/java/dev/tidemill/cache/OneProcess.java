package dev.tidemill.cache;

import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;

/** Caches of one process by itself, and an origin that counts. */
abstract class OneProcess {
    record User(long id, String name) {}

    final Caches caches = Caches.local();
    final AtomicInteger calls = new AtomicInteger();

    @AfterEach
    final void close() {
        caches.close();
    }

    final Cache<Long, User> users(CachePolicy policy) {
        return caches.cache("users", Keys.LONGS, ValueType.of(User.class))
                .policy(policy)
                .open();
    }

    final Cache<String, String> texts(CachePolicy policy) {
        return caches.cache("texts", Keys.STRINGS, ValueType.of(String.class))
                .policy(policy)
                .open();
    }

    final User load(long id) {
        calls.incrementAndGet();
        return new User(id, "user " + id);
    }
}

package dev.tidemill.postgres;

import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** Does something on a thread of its own while the test goes on. */
final class Aside {
    private Aside() {}

    static <T> CompletableFuture<T> run(Callable<T> work) {
        CompletableFuture<T> result = new CompletableFuture<>();
        Thread.ofVirtual().name("aside").start(() -> {
            try {
                result.complete(work.call());
            } catch (Throwable failed) {
                result.completeExceptionally(failed);
            }
        });
        return result;
    }
}

package dev.tidemill.cache;

import java.time.Duration;
import java.util.Collection;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What has to be done now and then: renewing claims, removing what nobody may serve, making and dropping tables. */
final class Upkeep {
    private static final Duration PACE = Duration.ofSeconds(1);
    private static final Duration JOIN = Duration.ofSeconds(5);
    private static final int TURNS_A_SWEEP = 5;
    private static final int TURNS_A_TIDYING = 30;

    private final @Nullable Shared shared;
    private final Collection<Cache<?, ?>> caches;
    private boolean tidied;
    private final Thread thread =
            Thread.ofPlatform().daemon().name("tidemill-cache-upkeep").unstarted(this::run);

    Upkeep(@Nullable Shared shared, Collection<Cache<?, ?>> caches) {
        this.shared = shared;
        this.caches = caches;
    }

    void start() {
        tidied = tidy();
        thread.start();
    }

    private void run() {
        try {
            for (int turn = 1; ; turn++) {
                Thread.sleep(PACE);
                if (shared != null) {
                    renew(shared);
                }
                if (turn % TURNS_A_SWEEP == 0) {
                    caches.forEach(cache -> cache.local.sweep());
                }
                // Without tables ahead nothing can be stored: a tidying that failed is tried again at once.
                if (turn % TURNS_A_TIDYING == 0 || !tidied) {
                    tidied = tidy();
                }
            }
        } catch (InterruptedException stopping) {
            // Asked to.
        }
    }

    private static void renew(Shared shared) {
        for (Map.Entry<String, Map<String, Long>> held :
                shared.claims().byCache().entrySet()) {
            shared.gate().ask(() -> {
                shared.tier().renew(held.getKey(), held.getValue(), Shared.LEASE);
                return true;
            });
        }
    }

    /** Whether there was nothing to do or it was done. */
    private boolean tidy() {
        if (shared == null) {
            return true;
        }
        Boolean tier = shared.gate().ask(() -> {
            shared.tier().tidy();
            return true;
        });
        Boolean log = shared.gate().ask(() -> {
            shared.log().tidy();
            return true;
        });
        return tier != null && log != null;
    }

    void stop() {
        thread.interrupt();
        try {
            thread.join(JOIN);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

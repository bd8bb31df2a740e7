package dev.tidemill.cache;

import dev.tidemill.cache.tier.Invalidation;
import dev.tidemill.cache.tier.InvalidationLog;
import dev.tidemill.cache.tier.InvalidationLog.Look;
import dev.tidemill.cache.tier.Position;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The loop that looks at the log: when it is called, and otherwise at its pace. A look is carried out in every cache
 * before it vouches for anything, and it vouches from the moment before it was sent. One that does not answer in time is
 * left to itself and its answer never used; the next one asks from the same position.
 */
final class Listening {
    private static final Logger LOG = LoggerFactory.getLogger(Listening.class);
    private static final int HANGING_AT_MOST = 4;
    private static final Duration JOIN = Duration.ofSeconds(5);
    private static final long CALL_SPACING_NANOS = Duration.ofMillis(5).toNanos();

    private final InvalidationLog log;
    private final Contact contact;
    private final @Nullable Remembered remembered;
    private final Collection<Cache<?, ?>> caches;
    private final Duration pace;
    private final Duration answerWithin;
    private final Errand errand = new Errand("tidemill-cache-look", HANGING_AT_MOST);
    private final AtomicBoolean callWanted = new AtomicBoolean();
    private final AtomicLong looks = new AtomicLong();
    private final AtomicLong failures = new AtomicLong();
    private final AtomicLong forgotten = new AtomicLong();
    private final Thread thread =
            Thread.ofPlatform().daemon().name("tidemill-cache-listen").unstarted(this::run);
    private final Thread caller =
            Thread.ofPlatform().daemon().name("tidemill-cache-call").unstarted(this::callLoop);
    private volatile boolean stopped;
    private boolean failing;

    Listening(
            InvalidationLog log,
            Contact contact,
            Remembered remembered,
            boolean tierComparesWithLog,
            CachesBuilder settings,
            Collection<Cache<?, ?>> caches) {
        this.log = log;
        this.contact = contact;
        this.remembered = tierComparesWithLog ? null : remembered;
        this.caches = caches;
        this.pace = settings.lookEvery;
        this.answerWithin = settings.tierTimeout;
    }

    /** The first look is taken before this returns, so that what is cached from then on is vouched for. */
    void start() {
        lookOnce();
        thread.start();
        caller.start();
    }

    private void run() {
        while (!stopped) {
            try {
                log.await(pace);
                lookOnce();
            } catch (InterruptedException stopping) {
                return;
            } catch (RuntimeException unexpected) {
                failed(String.valueOf(unexpected));
            }
        }
    }

    private void lookOnce() {
        Position since = contact.position();
        long began = System.nanoTime();
        try {
            Look look = errand.run(() -> log.look(since, remembered != null), answerWithin);
            carryOut(since, look);
            contact.looked(began, look.position());
            looks.incrementAndGet();
            if (failing) {
                failing = false;
                LOG.info("The cache hears of invalidations again, after {} looks that failed.", failures.get());
            }
        } catch (ExecutionException failed) {
            failed(String.valueOf(failed.getCause()));
        } catch (TimeoutException | Errand.CrowdedException late) {
            failed("no answer in " + answerWithin.toMillis() + " ms");
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private void carryOut(@Nullable Position since, Look look) {
        if (since == null || !look.complete()) {
            if (remembered != null) {
                Look all = since == null ? look : log.look(null, true);
                remembered.begin(all.position(), all.news(), all.forgottenBelow());
            }
            if (since != null) {
                forgotten.incrementAndGet();
            }
            caches.forEach(cache -> cache.local.forget());
            return;
        }
        if (remembered != null) {
            remembered.add(look.news());
        }
        if (look.news().isEmpty()) {
            return;
        }
        Map<String, List<Invalidation>> byCache =
                look.news().stream().collect(Collectors.groupingBy(Invalidation::cache));
        for (Cache<?, ?> cache : caches) {
            List<Invalidation> news = byCache.get(cache.name());
            if (news != null) {
                cache.local.carryOut(news);
            }
        }
    }

    private void failed(String why) {
        failures.incrementAndGet();
        if (!failing) {
            failing = true;
            LOG.warn(
                    "The cache does not hear of invalidations; what is in this process is served for the bound and then"
                            + " no more: {}",
                    why);
        }
    }

    /** Others are called by a thread of its own, many changes at once: never in the way of who changes or looks. */
    void callOthers() {
        if (callWanted.compareAndSet(false, true)) {
            LockSupport.unpark(caller);
        }
    }

    private void callLoop() {
        while (!stopped) {
            if (callWanted.getAndSet(false)) {
                try {
                    log.call();
                } catch (RuntimeException lost) {
                    // They look by themselves; the look that fails here says so.
                    failures.incrementAndGet();
                }
                LockSupport.parkNanos(CALL_SPACING_NANOS);
            } else {
                LockSupport.park();
            }
        }
    }

    long looks() {
        return looks.get();
    }

    long failures() {
        return failures.get();
    }

    long forgotten() {
        return forgotten.get();
    }

    void stop() {
        stopped = true;
        thread.interrupt();
        caller.interrupt();
        try {
            thread.join(JOIN);
            caller.join(JOIN);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

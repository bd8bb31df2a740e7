package dev.tidemill.cache;

import dev.tidemill.cache.tier.Invalidation;
import dev.tidemill.cache.tier.Position;
import dev.tidemill.cache.tier.SharedTier.Stored;
import dev.tidemill.cache.tier.Target;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.jspecify.annotations.Nullable;

/**
 * The invalidations that this process has heard of, found by what they are aimed at. A tier that does not compare its
 * entries with the log (a Valkey) is read through this: an entry counts if no invalidation is remembered that it does not
 * reflect. What is remembered reaches back to a first position; an entry that reflects less counts for nothing. Bounded:
 * past the bound the older half is forgotten, and the first position moves up. Thread safe.
 */
final class Remembered {
    private record Aim(String cache, String target) {}

    private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
    private final Map<Aim, List<Invalidation>> byAim = new HashMap<>();
    private final Deque<Invalidation> inOrder = new ArrayDeque<>();
    private final int most;
    private @Nullable String life;
    private long forgottenBelow;

    Remembered(int most) {
        this.most = most;
    }

    /** A new life, or one that was lost sight of: starts again from what the log still has. */
    void begin(Position position, List<Invalidation> all, long below) {
        lock.writeLock().lock();
        try {
            byAim.clear();
            inOrder.clear();
            life = position.life();
            forgottenBelow = below;
            all.forEach(this::keep);
            trim();
        } finally {
            lock.writeLock().unlock();
        }
    }

    void add(List<Invalidation> news) {
        lock.writeLock().lock();
        try {
            news.forEach(this::keep);
            trim();
        } finally {
            lock.writeLock().unlock();
        }
    }

    private void keep(Invalidation invalidation) {
        List<Invalidation> same = byAim.computeIfAbsent(
                new Aim(invalidation.cache(), invalidation.target().name()), aim -> new ArrayList<>(1));
        // Our own are known before they are heard of.
        if (!same.contains(invalidation)) {
            same.add(invalidation);
            inOrder.add(invalidation);
        }
    }

    private void trim() {
        if (inOrder.size() <= most) {
            return;
        }
        while (inOrder.size() > most / 2) {
            Invalidation oldest = inOrder.remove();
            forgottenBelow = Math.max(forgottenBelow, oldest.stamp() + 1);
            Aim aim = new Aim(oldest.cache(), oldest.target().name());
            List<Invalidation> same = byAim.get(aim);
            if (same != null) {
                same.remove(oldest);
                if (same.isEmpty()) {
                    byAim.remove(aim);
                }
            }
        }
    }

    /** Whether an entry may be no longer true, for all that is known here. */
    boolean isVoid(String cache, String key, Stored stored, Position asOf) {
        lock.readLock().lock();
        try {
            if (!asOf.life().equals(life) || !asOf.isAtLeast(forgottenBelow)) {
                return true;
            }
            for (String target : Target.of(key, stored.tags())) {
                List<Invalidation> aimed = byAim.get(new Aim(cache, target));
                if (aimed != null
                        && aimed.stream()
                                .anyMatch(invalidation -> !Entry.isPartOf(invalidation.stamp(), asOf, stored.own())
                                        && invalidation.target().matches(key, stored.tags()))) {
                    return true;
                }
            }
            return false;
        } finally {
            lock.readLock().unlock();
        }
    }

    int size() {
        lock.readLock().lock();
        try {
            return inOrder.size();
        } finally {
            lock.readLock().unlock();
        }
    }
}

package dev.tidemill.jobs.engine;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryPoolMXBean;
import java.lang.management.MemoryType;
import java.lang.management.MemoryUsage;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * The part of this process's heap where what lives long ends up, as it was after collections. That is the largest pool
 * and those that share its room: with Serial and Parallel the old generation alone, with G1, ZGC and Shenandoah the
 * whole heap. Thread safe.
 */
final class LongLived implements HeapGuard.Heap {
    private final List<MemoryPoolMXBean> pools;
    private final String name;

    LongLived() {
        List<MemoryPoolMXBean> all = ManagementFactory.getMemoryPoolMXBeans().stream()
                .filter(bean -> bean.getType() == MemoryType.HEAP && bean.getCollectionUsage() != null)
                .sorted(Comparator.<MemoryPoolMXBean>comparingLong(LongLived::max)
                        .reversed())
                .toList();
        Optional<MemoryPoolMXBean> largest = all.stream().findFirst();
        long most = largest.map(LongLived::max).orElse(0L);
        this.name = largest.map(MemoryPoolMXBean::getName).orElse("");
        // A pool without a maximum of its own takes from the largest one's room.
        this.pools =
                all.stream().filter(bean -> max(bean) <= 0 || max(bean) == most).toList();
    }

    private static long max(MemoryPoolMXBean bean) {
        MemoryUsage usage = bean.getUsage();
        return usage == null ? 0 : usage.getMax();
    }

    @Override
    public String pool() {
        return name;
    }

    @Override
    public long used() {
        long used = 0;
        for (MemoryPoolMXBean bean : pools) {
            MemoryUsage after = bean.getCollectionUsage();
            used += after == null ? 0 : after.getUsed();
        }
        return used;
    }

    @Override
    public long usedNow() {
        long used = 0;
        for (MemoryPoolMXBean bean : pools) {
            // What has no maximum is where objects begin: full of garbage, and emptied all the time.
            MemoryUsage now = max(bean) > 0 ? bean.getUsage() : null;
            used += now == null ? 0 : now.getUsed();
        }
        return used;
    }

    @Override
    public long max() {
        return pools.isEmpty() ? 0 : max(pools.getFirst());
    }

    @Override
    public long collect() {
        long began = System.nanoTime();
        System.gc();
        return System.nanoTime() - began;
    }
}

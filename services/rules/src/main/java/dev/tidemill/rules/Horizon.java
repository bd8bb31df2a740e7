package dev.tidemill.rules;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * From which number on a pump looks for a rule's changes. What was done before it lies there as dead index entries that are
 * better not walked over; what commits late lies there too, and must be taken before what comes after it: a writer that
 * waited for a row of the late one may commit a moment later.
 *
 * <p>Numbers are taken before a transaction commits, but after it has begun to write. So whatever is below the last number of
 * a tenth of a second ago is seen, but for what transactions have written that were under way then and still are: the elders,
 * few or none. As long as none of them ends, a look may begin above their numbers; when one does, it begins at the lowest that it
 * can have. For one thread.
 */
final class Horizon {
    private static final long YOUNG_NANOS = Duration.ofMillis(100).toNanos();
    private static final long SPACING_NANOS = Duration.ofMillis(50).toNanos();
    private static final int MOST = 512;

    /** What begins to write after this transaction has higher numbers than the last. */
    private record Fence(long lastId, long transaction, long nanos) {}

    private final List<Fence> fences = new ArrayList<>();
    private final Map<Integer, Long> firsts = new HashMap<>();
    private final Map<Integer, Long> releases = new HashMap<>();
    private long settled;
    private Set<Long> elders = Set.of();

    /**
     * Before the first changes are looked for, from {@link #from} on.
     *
     * @param running the transactions under way
     */
    void look(Set<Long> running) {
        for (long elder : elders) {
            if (!running.contains(elder)) {
                long lowest = lowest(elder);
                firsts.replaceAll((rule, first) -> Math.min(first, lowest));
            }
        }
    }

    /** Whether it is time for a fence: something was written since the last. */
    boolean wantsFence(long lastId, long nanos) {
        return fences.isEmpty()
                || (lastId > fences.getLast().lastId && nanos - fences.getLast().nanos >= SPACING_NANOS);
    }

    /**
     * A transaction that began to write, and is over, after this number was the last.
     *
     * @param nanos a time after it
     */
    void fence(long lastId, long transaction, long nanos) {
        fences.add(new Fence(lastId, transaction, nanos));
        if (fences.size() > MOST) {
            thin();
        }
    }

    /** After that look, and {@link #first}: what ended before it was seen by it. */
    void looked(Set<Long> running, long nanos) {
        for (int i = fences.size() - 1; i >= 0; i--) {
            Fence fence = fences.get(i);
            if (nanos - fence.nanos >= YOUNG_NANOS) {
                settled = fence.lastId;
                elders = running.stream().filter(one -> one < fence.transaction).collect(Collectors.toSet());
                return;
            }
        }
    }

    /** The older half at twice the distance. */
    private void thin() {
        List<Fence> kept = new ArrayList<>();
        for (int i = 0; i < fences.size(); i++) {
            if (i >= MOST / 2 || i % 2 == 0) {
                kept.add(fences.get(i));
            }
        }
        fences.clear();
        fences.addAll(kept);
    }

    /** The number to look from. */
    long from(int rule) {
        return Math.min(firsts.getOrDefault(rule, 0L), settled + 1);
    }

    /** The lowest number of a rule that was seen. */
    void first(int rule, long id) {
        firsts.put(rule, id);
    }

    /**
     * Takes note of how often a rule's parked changes were given back, under the low numbers they had: if that is news, the next
     * looks begin at the beginning.
     *
     * @return whether it is
     */
    boolean released(int rule, long times) {
        Long former = releases.put(rule, times);
        boolean news = former == null || former != times;
        if (news) {
            firsts.put(rule, 0L);
        }
        return news;
    }

    /** Transactions whose changes may lie below {@link #from} and are not to be seen before they end. */
    Set<Long> elders() {
        return Set.copyOf(elders);
    }

    /** The lowest number that a transaction can have taken. */
    long lowest(long transaction) {
        for (int i = fences.size() - 1; i >= 0; i--) {
            if (fences.get(i).transaction < transaction) {
                return fences.get(i).lastId + 1;
            }
        }
        return 0;
    }
}

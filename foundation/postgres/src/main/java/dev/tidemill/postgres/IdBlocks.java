package dev.tidemill.postgres;

import java.util.concurrent.TimeUnit;

/**
 * Hands out job ids from blocks of 1,000 taken from a sequence, so that a job costs no round trip for its id. A block
 * not used up within ten minutes is thrown away: ids of old blocks are void, since their partitions may be gone. Whether
 * they are is for the database to say, in the statement that uses them; this clock only spares it the asking.
 */
final class IdBlocks {
    static final int BLOCK = 1_000;
    private static final long EXPIRY_NANOS = TimeUnit.MINUTES.toNanos(10);

    private long next;
    private long end;
    private long takenNanos;

    /** Ids for this many jobs, from the block at hand and from the new blocks given; never more than are there. */
    synchronized long[] take(int count, long[] newBlocks) {
        long[] ids = new long[count];
        int filled = 0;
        if (!expired()) {
            while (filled < count && next < end) {
                ids[filled++] = next++;
            }
        }
        for (long block : newBlocks) {
            long start = block * BLOCK;
            int from = 0;
            while (filled < count && from < BLOCK) {
                ids[filled++] = start + from++;
            }
            if (from < BLOCK) {
                next = start + from;
                end = start + BLOCK;
                takenNanos = System.nanoTime();
            }
        }
        return filled == count ? ids : new long[0];
    }

    /** How many new blocks it takes to serve this many. */
    synchronized int blocksFor(int count) {
        long left = expired() ? 0 : end - next;
        return left >= count ? 0 : (int) ((count - left + BLOCK - 1) / BLOCK);
    }

    /** Throws away what is left of the block at hand. */
    synchronized void forget() {
        next = 0;
        end = 0;
    }

    private boolean expired() {
        return System.nanoTime() - takenNanos > EXPIRY_NANOS;
    }
}

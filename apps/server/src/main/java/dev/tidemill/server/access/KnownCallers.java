package dev.tidemill.server.access;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Caller;
import dev.tidemill.server.http.Permission;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Remembers for a second who had which key or session, so that a page with its files, or a program that enqueues a
 * thousand jobs, asks the database once. What this process changes is forgotten at once, so a revoked key is refused
 * here from then on, and elsewhere within that second.
 *
 * <p>While the database does not answer, whoever was known within the last five minutes may go on looking, and nothing
 * else: the page that says that the database is away is of use then. Thread safe.
 */
final class KnownCallers {
    static final Duration REMEMBERED = Duration.ofSeconds(1);
    static final Duration LOOKING = Duration.ofMinutes(5);
    private static final int MOST = 2000;

    private record Seen(Caller caller, long atNanos, boolean byPerson) {}

    private final LongSupplier nanos;
    private final Map<ByteBuffer, Seen> seen = new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1;

        @Override
        protected boolean removeEldestEntry(Map.Entry<ByteBuffer, Seen> eldest) {
            return size() > MOST;
        }
    };
    private long forgotten;

    KnownCallers(LongSupplier nanos) {
        this.nanos = nanos;
    }

    /**
     * Whoever has this secret, as remembered or as the database says.
     *
     * @param byPerson whether the database is to learn that a person asks; what was learnt without one does not do then
     */
    Optional<Caller> find(
            byte[] digest, Permission needed, boolean byPerson, Function<byte[], Optional<Caller>> asking) {
        ByteBuffer key = ByteBuffer.wrap(digest);
        Seen before;
        long forgottenBefore;
        synchronized (seen) {
            before = seen.get(key);
            forgottenBefore = forgotten;
        }
        long now = nanos.getAsLong();
        if (before != null && now - before.atNanos < REMEMBERED.toNanos() && (before.byPerson || !byPerson)) {
            return Optional.of(before.caller);
        }
        Optional<Caller> found;
        try {
            found = asking.apply(digest);
        } catch (TidemillException failed) {
            if (failed.code() == ErrorCode.DATABASE_UNREACHABLE
                    && before != null
                    && now - before.atNanos < LOOKING.toNanos()
                    && needed == Permission.READ) {
                return Optional.of(before.caller);
            }
            throw failed;
        }
        synchronized (seen) {
            // What was read before somebody changed it here must not come back.
            if (found.isPresent() && forgotten == forgottenBefore) {
                seen.put(key, new Seen(found.get(), now, byPerson));
            } else {
                seen.remove(key);
            }
        }
        return found;
    }

    void forget() {
        synchronized (seen) {
            seen.clear();
            forgotten++;
        }
    }
}

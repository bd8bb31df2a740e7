package dev.tidemill.server.api;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.server.http.Call;
import dev.tidemill.server.http.Etag;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import dev.tidemill.server.http.Reply;
import java.sql.PreparedStatement;
import java.sql.Statement;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/**
 * Changes that take turns, so that one with {@code If-Match} meets what its sender saw, or is refused. All servers on a
 * database take turns at a lock of its own, each with one connection for as long as a change takes; changes that an
 * application makes in Java know nothing of it. Thread safe.
 */
final class Changes {
    private static final int PATIENCE_SECONDS = 10;

    private final Tidemill mill;
    private final String what;
    private final ReentrantLock turn = new ReentrantLock(true);

    /** Changes of one sort of thing. */
    Changes(Tidemill mill, String what) {
        this.mill = mill;
        this.what = what;
    }

    /**
     * Makes a change when it is its turn, if the headers allow it.
     *
     * @param version of what there is now; empty if it is not there
     */
    Reply make(Call call, Supplier<Optional<String>> version, Supplier<Reply> change) {
        boolean mine = false;
        try {
            mine = turn.tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (!mine) {
                throw Problem.of(ProblemCode.TOO_BUSY, "Others are changing the same; nothing was changed.");
            }
            return alone(call, version, change);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw Problem.of(ProblemCode.TOO_BUSY, "The server is stopping; nothing was changed.");
        } finally {
            if (mine) {
                turn.unlock();
            }
        }
    }

    private Reply alone(Call call, Supplier<Optional<String>> version, Supplier<Reply> change) {
        try {
            return mill.callInTransaction(transaction -> {
                try (Statement patience = transaction.connection().createStatement();
                        PreparedStatement lock = transaction
                                .connection()
                                .prepareStatement("select pg_advisory_xact_lock(hashtextextended(?, 0))")) {
                    patience.execute("set local lock_timeout = '" + PATIENCE_SECONDS + "s'");
                    lock.setString(1, mill.schema() + ".change." + what);
                    lock.execute();
                }
                check(call, version);
                return change.get();
            });
        } catch (RuntimeException refused) {
            throw refused;
        } catch (Exception failed) {
            throw new IllegalStateException("Waiting for a turn failed", failed);
        }
    }

    private static void check(Call call, Supplier<Optional<String>> version) {
        Optional<String> expected = call.header("If-Match");
        Optional<String> unexpected = call.header("If-None-Match");
        if (expected.isEmpty() && unexpected.isEmpty()) {
            return;
        }
        Optional<String> now = version.get();
        if (expected.isPresent()
                && !now.map(current -> Etag.holds(expected.get(), current)).orElse(false)) {
            throw Problem.of(
                    ProblemCode.PRECONDITION_FAILED,
                    "It is not as If-Match says any more; nothing was changed. Look at it again, and send the change"
                            + " with its new ETag.");
        }
        if (unexpected.isPresent()
                && now.map(current -> Etag.holds(unexpected.get(), current)).orElse(false)) {
            throw Problem.of(
                    ProblemCode.PRECONDITION_FAILED, "It is there already, as If-None-Match says it must not be.");
        }
    }
}

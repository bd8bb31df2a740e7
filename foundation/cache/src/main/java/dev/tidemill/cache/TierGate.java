package dev.tidemill.cache;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The way to the shared tier: every call ends within a bound, and a tier that does not answer is left alone for a while,
 * so that nobody waits for it time after time.
 */
final class TierGate {
    private static final Logger LOG = LoggerFactory.getLogger(TierGate.class);
    private static final int AT_ONCE = 64;
    private static final int FAILURES = 3;
    private static final Duration OPEN_FOR = Duration.ofSeconds(1);

    private final Errand errand = new Errand("tidemill-cache-tier", AT_ONCE);
    private final Circuit circuit = new Circuit(FAILURES, OPEN_FOR);
    private final LongAdder errors = new LongAdder();
    private final String name;
    private final Duration timeout;

    TierGate(String name, Duration timeout) {
        this.name = name;
        this.timeout = timeout;
    }

    /** What the call returned; null if the tier is away. */
    <T> @Nullable T ask(Callable<T> call) {
        if (!circuit.admits()) {
            return null;
        }
        try {
            T answer = errand.run(call, timeout);
            if (circuit.succeeded()) {
                LOG.info("The cache's shared tier ({}) answers again, after {} errors.", name, errors.sum());
            }
            return answer;
        } catch (ExecutionException failed) {
            away(String.valueOf(failed.getCause()));
        } catch (TimeoutException | Errand.CrowdedException late) {
            away("no answer in " + timeout.toMillis() + " ms");
        } catch (InterruptedException interrupted) {
            circuit.succeeded();
            Thread.currentThread().interrupt();
        }
        return null;
    }

    private void away(String why) {
        errors.increment();
        if (circuit.failed()) {
            LOG.warn(
                    "The cache's shared tier ({}) is away; what is in the process and the origins do without it: {}",
                    name,
                    why);
        }
    }

    boolean isAway() {
        return circuit.isOpen();
    }

    long errors() {
        return errors.sum();
    }

    Duration timeout() {
        return timeout;
    }
}

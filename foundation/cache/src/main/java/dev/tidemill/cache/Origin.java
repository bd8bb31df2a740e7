package dev.tidemill.cache;

import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeoutException;

/** The way to the origin: so many calls at once, each within its time, and none while it fails again and again. */
final class Origin {
    private final String cache;
    private final CachePolicy.Origin policy;
    private final Errand errand;
    private final Circuit circuit;
    private final Tally tally;

    Origin(String cache, CachePolicy.Origin policy, Tally tally) {
        this.cache = cache;
        this.policy = policy;
        this.errand = new Errand("tidemill-cache-load", policy.atOnce());
        this.circuit = new Circuit(policy.failuresToOpen(), policy.openFor());
        this.tally = tally;
    }

    /** What a loader returned, or why there is nothing. */
    <T> T ask(Callable<T> loader) throws PartialLoadException {
        if (!circuit.admits()) {
            tally.refusedLoads.increment();
            throw new CacheException(
                    CacheError.ORIGIN_UNAVAILABLE,
                    "The origin of '" + cache + "' failed " + policy.failuresToOpen() + " times in a row and is left"
                            + " alone for " + policy.openFor().toMillis() + " ms at a time.");
        }
        long began = System.nanoTime();
        boolean well = false;
        try {
            T answer = errand.run(loader, policy.timeout());
            well = true;
            return answer;
        } catch (ExecutionException failed) {
            throw why(failed.getCause() == null ? failed : failed.getCause());
        } catch (TimeoutException late) {
            throw new CacheException(
                    CacheError.LOAD_TIMED_OUT,
                    "The origin of '" + cache + "' did not answer in "
                            + policy.timeout().toMillis() + " ms. Raise the policy's timeout if it needs longer.",
                    late);
        } catch (Errand.CrowdedException crowded) {
            throw new CacheException(
                    CacheError.ORIGIN_UNAVAILABLE,
                    "The origin of '" + cache + "' has " + policy.atOnce() + " calls under way, and none ended in "
                            + policy.timeout().toMillis() + " ms.",
                    crowded);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new CacheException(CacheError.INTERRUPTED, "The load was interrupted.", interrupted);
        } finally {
            tally.loaded(Duration.ofNanos(System.nanoTime() - began), well);
            if (well) {
                circuit.succeeded();
            } else {
                circuit.failed();
            }
        }
    }

    private CacheException why(Throwable failed) throws PartialLoadException {
        if (failed instanceof PartialLoadException partial) {
            throw partial;
        }
        return failed instanceof CacheException already
                ? already
                : new CacheException(CacheError.LOAD_FAILED, "The origin of '" + cache + "' failed: " + failed, failed);
    }

    boolean isLeftAlone() {
        return circuit.isOpen();
    }
}

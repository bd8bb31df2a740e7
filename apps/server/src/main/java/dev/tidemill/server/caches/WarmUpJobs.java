package dev.tidemill.server.caches;

import dev.tidemill.cache.WarmUps;
import dev.tidemill.cache.WarmUps.Warmed;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Retry;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.TidemillBuilder;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.Unique;
import java.time.Duration;
import java.util.Map;

/**
 * Warm-ups of caches as jobs: whichever process gets one loads what the shared tier lacks, and all others find it there.
 *
 * <pre>{@code
 * TidemillBuilder building = WarmUpJobs.handledBy(Tidemill.on(dataSource), warmUps);
 * WarmUpJobs.every(Duration.ofMinutes(1), building, warmUps);
 * Tidemill mill = building.start();
 * WarmUpJobs.begin(mill, warmUps);
 * }</pre>
 */
public final class WarmUpJobs {
    private WarmUpJobs() {}

    /**
     * The job.
     *
     * @param name of the warm-up
     * @param aheadMillis what is fresh for less than this is loaded anew; 0 to load only what is missing
     */
    public record WarmCache(String name, long aheadMillis) {}

    /** Has this mill run them. Keys that fail have the job tried again; what was loaded by then is not loaded again. */
    public static TidemillBuilder handledBy(TidemillBuilder mill, WarmUps warmUps) {
        return mill.handle(WarmCache.class, (job, run) -> {
            if (!warmUps.names().contains(job.name())) {
                throw Retry.never("there is no warm-up '" + job.name() + "' in this process");
            }
            Warmed warmed = warmUps.run(job.name(), Duration.ofMillis(job.aheadMillis()));
            run.result(Map.of(
                    "keys", warmed.keys(),
                    "absent", warmed.absent(),
                    "failed", warmed.failed(),
                    "took_ms", warmed.took().toMillis()));
            if (warmed.failed() > 0) {
                throw new IllegalStateException(warmed.failed() + " of " + warmed.keys() + " keys failed");
            }
        });
    }

    /** Enqueues all of them now, each once however many processes start together. */
    public static void begin(Tidemill mill, WarmUps warmUps) {
        warmUps.names()
                .forEach(name ->
                        mill.enqueue(new WarmCache(name, 0), EnqueueOptions.unique(Unique.key("warm-up " + name))));
    }

    /**
     * Has schedules enqueue them. What would be past its time within twice the pause is loaded anew: nobody meets a value
     * that is, also where one run is late or fails.
     *
     * @param pause a third of the time that their values are fresh, or less: the more often, the later each is loaded anew
     */
    public static TidemillBuilder every(Duration pause, TidemillBuilder mill, WarmUps warmUps) {
        long ahead = pause.multipliedBy(2).toMillis();
        warmUps.names()
                .forEach(name -> mill.schedule("warm-up-" + name, Timing.every(pause), new WarmCache(name, ahead)));
        return mill;
    }
}

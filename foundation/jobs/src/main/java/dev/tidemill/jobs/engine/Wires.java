package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.AttemptOutcome;
import dev.tidemill.jobs.store.Calls;
import dev.tidemill.jobs.store.Calls.Count;
import dev.tidemill.jobs.store.Calls.Probe;
import dev.tidemill.jobs.store.Calls.Result;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Workplace;
import java.lang.ref.WeakReference;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts what the calls of this node's handlers came to, for the breakers of what they depend on. The state of a breaker
 * is the database's; a row there must not be written for each call, so successes stay here. Failures are told at once,
 * with the successes before them, and successes alone only while failures stand counted there, once a second. What is
 * told returns which breakers are open, so that jobs claimed before they opened do not start. Thread safe.
 */
final class Wires {
    private static final Logger LOG = LoggerFactory.getLogger(Wires.class);
    private static final Duration TURN = Duration.ofSeconds(1);
    private static final int ERROR_LIMIT = 500;
    /** Nobody tells while the database is away; what is beyond that is left out. */
    private static final int PROBES_LIMIT = 1_000;

    /** What was not told yet of one breaker. */
    private static final class Tally {
        private int failures;
        private int trailing;
        private int successes;
        private long sinceNanos = System.nanoTime();
        private @Nullable String error;
    }

    private final Registry registry;
    private final Loop loop;
    private final Map<String, Tally> tallies = new TreeMap<>();
    private final List<Probe> probes = new ArrayList<>();
    private final Map<Long, Probe> failedProbes = new HashMap<>();
    private WeakReference<@Nullable Throwable> lastFailure = new WeakReference<>(null);
    private volatile Set<String> failing = Set.of();
    /** Since when, by this process's clock of nanoseconds, it is known here that they are open. */
    private volatile Map<String, Long> open = Map.of();
    /** What kinds depend on that workers elsewhere handle. */
    private volatile Map<String, Set<String>> elsewhere = Map.of();

    private boolean started;

    /** Tells by itself, under the epoch that is the current one, once it is started. */
    Wires(Registry registry, Supplier<@Nullable EpochWork> current) {
        this.registry = registry;
        this.loop = new Loop("wires", () -> {
            EpochWork epoch = current.get();
            if (epoch != null && epoch.state() == EpochWork.State.WORKING) {
                tell(epoch.place());
            }
            return TURN;
        });
    }

    void start() {
        if (registry.hasDependencies()) {
            startLoop();
        }
    }

    private synchronized void startLoop() {
        if (!started) {
            started = true;
            loop.start();
        }
    }

    /** Takes note of what kinds depend on that workers elsewhere handle, in place of what was known. */
    void learn(Map<String, Set<String>> dependencies) {
        elsewhere = Map.copyOf(dependencies);
        if (!dependencies.isEmpty()) {
            startLoop();
        }
    }

    /** Whether it is known what a job depends on. */
    boolean knows(ClaimedJob job) {
        return !dependencies(job).isEmpty();
    }

    void stop() {
        loop.stop();
        loop.join(Duration.ofSeconds(5));
    }

    /** The rules for claims have changed: maybe a breaker has. */
    void look() {
        loop.wake();
    }

    private Set<String> dependencies(ClaimedJob job) {
        Registry.Entry entry = registry.ofKind(job.kind());
        return entry == null || !entry.handled()
                ? elsewhere.getOrDefault(job.kind(), Set.of())
                : entry.options().dependsOn();
    }

    /**
     * Whether a job should not start, because something it depends on turned out not to work after it was claimed. What
     * was claimed later was claimed by rules that know better than what was heard here last.
     *
     * @param claimedNanos when it came here
     */
    boolean blocks(ClaimedJob job, long claimedNanos) {
        Map<String, Long> now = open;
        if (now.isEmpty() || job.probe()) {
            return false;
        }
        for (String name : dependencies(job)) {
            Long since = now.get(name);
            if (since != null && claimedNanos - since < 0) {
                return true;
            }
        }
        return false;
    }

    /** Whether a failure is counted for a breaker. */
    boolean counts(ClaimedJob job, @Nullable String dependency) {
        return blamed(job, dependency) != null;
    }

    /** The one that is named, or the only one there is. */
    private @Nullable String blamed(ClaimedJob job, @Nullable String dependency) {
        Set<String> mine = dependencies(job);
        if (dependency != null && mine.contains(dependency)) {
            return dependency;
        }
        return mine.size() == 1 ? mine.iterator().next() : null;
    }

    /** A call failed since a dependency is down. Jobs of a chunk that share the failure made one call. */
    void failed(ClaimedJob job, @Nullable String dependency, Throwable failure) {
        String name = blamed(job, dependency);
        if (name == null) {
            return;
        }
        String error = firstLine(failure);
        synchronized (tallies) {
            if (job.probe()) {
                failedProbes.put(job.id(), new Probe(job.lease(), job.id(), Result.DOWN, name, error));
                return;
            }
            if (lastFailure.refersTo(failure)) {
                return;
            }
            lastFailure = new WeakReference<>(failure);
            Tally tally = tallies.computeIfAbsent(name, any -> new Tally());
            tally.failures++;
            tally.trailing++;
            tally.error = error;
        }
        loop.wake();
    }

    private static String firstLine(Throwable failure) {
        String text = String.valueOf(failure).replace('\0', ' ');
        int end = text.indexOf('\n');
        String line = end < 0 ? text : text.substring(0, end);
        return line.length() > ERROR_LIMIT ? line.substring(0, ERROR_LIMIT - 1) + "…" : line;
    }

    /** An outcome is written. */
    void ended(Outcome outcome) {
        ClaimedJob job = outcome.job();
        Set<String> mine = dependencies(job);
        if (mine.isEmpty()) {
            return;
        }
        boolean up = outcome.outcome() == AttemptOutcome.SUCCEEDED;
        synchronized (tallies) {
            if (job.probe()) {
                Probe down = failedProbes.remove(job.id());
                Probe told = up || down == null
                        ? new Probe(job.lease(), job.id(), up ? Result.UP : Result.UNTOLD, null, null)
                        : down;
                if (probes.size() < PROBES_LIMIT) {
                    probes.add(told);
                }
            } else if (up) {
                mine.forEach(this::succeeded);
            }
        }
        if (job.probe()) {
            loop.wake();
        }
    }

    /** Those of long ago do not weigh against failures of now. */
    private void succeeded(String name) {
        Tally tally = tallies.computeIfAbsent(name, any -> new Tally());
        long now = System.nanoTime();
        if (tally.failures == 0
                && now - tally.sinceNanos > Duration.ofMinutes(1).toNanos()) {
            tally.successes = 0;
            tally.sinceNanos = now;
        }
        tally.successes++;
        tally.trailing = 0;
    }

    /** Tells what there is to tell, and hears what is open. */
    void tell(Workplace place) {
        List<Count> counts = new ArrayList<>();
        List<Probe> ended;
        synchronized (tallies) {
            tallies.entrySet().removeIf(each -> {
                Tally tally = each.getValue();
                boolean worth = tally.failures > 0 || (tally.successes > 0 && failing.contains(each.getKey()));
                if (worth) {
                    counts.add(new Count(each.getKey(), tally.failures, tally.trailing, tally.successes, tally.error));
                }
                return worth;
            });
            ended = List.copyOf(probes);
            probes.clear();
        }
        try {
            hear(place.calls().tell(counts, ended));
        } catch (EpochClosedException closed) {
            LOG.debug("The epoch is closed; its probes have ended with it.", closed);
        } catch (RuntimeException unreachable) {
            synchronized (tallies) {
                counts.forEach(this::putBack);
                probes.addAll(ended);
            }
            throw unreachable;
        }
    }

    private void putBack(Count count) {
        Tally later = tallies.computeIfAbsent(count.breaker(), any -> new Tally());
        later.trailing += later.successes > 0 ? 0 : count.trailing();
        later.failures += count.failures();
        later.successes += count.successes();
        later.error = later.error == null ? count.error() : later.error;
    }

    private void hear(List<Calls.State> states) {
        Map<String, Long> before = open;
        Map<String, Long> opened = new HashMap<>();
        Set<String> counting = new HashSet<>();
        for (Calls.State state : states) {
            if (state.open()) {
                opened.put(state.name(), before.getOrDefault(state.name(), System.nanoTime()));
            }
            if (state.failing()) {
                counting.add(state.name());
            }
        }
        for (String name : opened.keySet()) {
            if (!before.containsKey(name)) {
                LOG.warn("The breaker {} is open: jobs that depend on it wait.", name);
            }
        }
        for (String name : before.keySet()) {
            if (!opened.containsKey(name)) {
                LOG.info("The breaker {} is closed: jobs that depend on it start again.", name);
            }
        }
        open = Map.copyOf(opened);
        failing = Set.copyOf(counting);
    }
}

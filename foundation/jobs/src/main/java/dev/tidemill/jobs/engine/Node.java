package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.ChunkStats;
import dev.tidemill.jobs.HeapStats;
import dev.tidemill.jobs.RemoteWork;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.JobStore;
import dev.tidemill.jobs.store.NewJob;
import dev.tidemill.jobs.store.NodeInfo;
import dev.tidemill.jobs.store.Tally;
import dev.tidemill.jobs.store.Workplace;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This process at work: joins, says that it lives, and rejoins under a new epoch when it lost the old one.
 *
 * <p>A node that could not get a heartbeat through for four fifths of the time after which others take it for dead
 * stops claiming and interrupts its handlers, since their jobs may soon run elsewhere. When the database answers again
 * and the epoch turns out to live, the outcomes in hand are written under it before it is left for a new one; if it
 * was closed meanwhile, they are void, and the fence has kept every one of them out.
 */
final class Node {
    private static final Logger LOG = LoggerFactory.getLogger(Node.class);
    private static final Duration FLUSH_BEFORE_LEAVING = Duration.ofSeconds(5);

    private final JobStore store;
    private final NodeInfo info;
    private final Settings settings;
    private final Tallies tallies = new Tallies();
    private final Finisher finisher;
    private final Wires wires;
    private final Workshop shop;
    private final HeapGuard heap;
    private final RemoteDesk remote;
    private final ClaimLoop claims;
    private final Loop heart = new Loop("heartbeat", this::beat);
    private final Loop watch = new Loop("watch", this::watch);
    private volatile @Nullable EpochWork current;
    private volatile long beatNanos = System.nanoTime();

    Node(
            JobStore store,
            NodeInfo info,
            Registry registry,
            Settings settings,
            Traces traces,
            Observers observers,
            Consumer<List<Hint>> committed) {
        this.store = store;
        this.info = info;
        this.settings = settings;
        this.wires = new Wires(registry, () -> current);
        this.finisher = new Finisher(
                tallies,
                outcome -> {
                    wires.ended(outcome);
                    observers.finished(outcome);
                },
                committed);
        this.shop = new Workshop(
                registry,
                new RetryPolicy(registry, settings, wires),
                new DatabaseClock(),
                finisher,
                wires,
                info.name(),
                traces);
        this.heap = new HeapGuard(new LongLived(), settings.holdHeapFrom());
        this.remote = new RemoteDesk(store, this::ready, settings.self());
        this.claims = new ClaimLoop(
                settings, shop, heap, observers, () -> current, remote, store.breakers()::list, committed);
    }

    void start() {
        join();
        finisher.start();
        shop.reporter().start();
        wires.start();
        claims.start();
        heart.start();
        watch.start();
    }

    private void join() {
        Workplace place = store.join(info);
        shop.clock().read(place.heartbeat(0, List.of()));
        beatNanos = System.nanoTime();
        current = new EpochWork(place);
        LOG.info("Node {} works under epoch {}.", info.name(), place.epoch());
    }

    private Duration beat() {
        EpochWork epoch = current;
        if (epoch == null || epoch.state() == EpochWork.State.CLOSED) {
            join();
            claims.wake();
            return settings.heartbeat();
        }
        long sent = System.nanoTime();
        List<Tally> counted = tallies.take();
        try {
            long now = epoch.place().heartbeat(claims.running(), counted);
            counted = List.of();
            shop.clock().read(now);
            boolean late = silentFor(sent) > patience();
            beatNanos = sent;
            if (late || epoch.state() == EpochWork.State.SUSPENDED) {
                rejoin(epoch);
                return Duration.ZERO;
            }
            return settings.heartbeat();
        } catch (EpochClosedException closed) {
            tallies.putBack(counted);
            LOG.warn("{} The handlers of that epoch are interrupted.", closed.getMessage());
            claims.empty();
            epoch.close();
            return Duration.ZERO;
        } catch (RuntimeException unreachable) {
            tallies.putBack(counted);
            throw unreachable;
        }
    }

    /** On a thread of its own, because the heart may hang in a connection attempt that nothing bounds. */
    private Duration watch() {
        EpochWork epoch = current;
        if (epoch != null && silentFor(System.nanoTime()) > patience() && epoch.suspend()) {
            LOG.warn(
                    "No heartbeat got through for {} ms: claiming stops and handlers are interrupted.",
                    silentFor(System.nanoTime()) / 1_000_000);
            claims.empty();
        }
        return Duration.ofNanos(settings.deadAfter().toNanos() / 20);
    }

    private long silentFor(long nanos) {
        return nanos - beatNanos;
    }

    private long patience() {
        return settings.deadAfter().toNanos() * 4 / 5;
    }

    private void rejoin(EpochWork epoch) {
        epoch.suspend();
        claims.empty();
        finisher.drain(FLUSH_BEFORE_LEAVING);
        epoch.place().leave();
        epoch.close();
    }

    void hint(Hint hint) {
        EpochWork epoch = current;
        if (epoch != null && hint.dueMicros() == 0) {
            claims.hint(epoch, hint);
        }
    }

    /** Enqueues jobs and starts them at once, if nothing keeps them from it; else none, and nothing was written. */
    List<Long> handOver(List<NewJob> jobs) {
        EpochWork epoch = current;
        return epoch == null ? List.of() : claims.handOver().take(epoch, jobs);
    }

    RemoteWork remote() {
        return remote;
    }

    HeapStats heap() {
        return heap.stats();
    }

    List<ChunkStats> chunks() {
        return shop.chunkStats();
    }

    /** Interrupts what runs here and was cancelled, and claims no more, or again, if that was asked for. */
    void doAsAsked() {
        claims.lookIfDrained();
        EpochWork epoch = current;
        if (epoch != null && epoch.state() == EpochWork.State.WORKING) {
            epoch.cancel(epoch.place().cancelRequests());
        }
    }

    /** How many handlers run. */
    int running() {
        return claims.running();
    }

    boolean worksOn(String queue) {
        return claims.worksOn(queue);
    }

    boolean ready() {
        EpochWork epoch = current;
        return epoch != null && epoch.state() == EpochWork.State.WORKING && silentFor(System.nanoTime()) < patience();
    }

    void stop(Duration grace) {
        claims.close();
        EpochWork epoch = current;
        if (epoch == null) {
            heart.stop();
            watch.stop();
            finisher.stop();
            return;
        }
        int givenBack = giveBack(epoch);
        waitForHandlers(grace);
        int interrupted = epoch.running().size();
        epoch.running().forEach(Hold::release);
        waitForHandlers(Duration.ofSeconds(2));
        boolean written = finisher.drain(Duration.ofSeconds(10));
        heart.stop();
        watch.stop();
        heart.join(Duration.ofSeconds(5));
        finisher.stop();
        if (!written) {
            LOG.warn("The database did not take the last outcomes; their jobs run again.");
        }
        wires.stop();
        leave(epoch);
        EpochWork rejoined = current;
        if (rejoined != null && rejoined != epoch) {
            leave(rejoined);
        }
        shop.close();
        LOG.info(
                "Node {} stopped: {} jobs were given back before they began, {} handlers interrupted after {}.",
                info.name(),
                givenBack,
                interrupted,
                grace);
    }

    private int giveBack(EpochWork epoch) {
        List<ClaimedJob> left = claims.empty();
        if (left.isEmpty() || epoch.state() != EpochWork.State.WORKING) {
            return 0;
        }
        try {
            epoch.place().giveBack(left);
        } catch (RuntimeException failed) {
            LOG.warn("Giving {} jobs back failed; leaving the epoch returns them.", left.size(), failed);
        }
        return left.size();
    }

    private void waitForHandlers(Duration atMost) {
        long end = System.nanoTime() + atMost.toNanos();
        while (claims.running() > 0 && end - System.nanoTime() > 0) {
            LockSupport.parkNanos(2_000_000L);
        }
    }

    private void leave(EpochWork epoch) {
        try {
            epoch.place().heartbeat(0, tallies.take());
        } catch (RuntimeException failed) {
            LOG.debug("The last counts were not taken.", failed);
        }
        try {
            epoch.place().leave();
        } catch (RuntimeException failed) {
            LOG.warn("The node left without saying so; others will notice: {}", failed.getMessage());
        }
        epoch.close();
    }
}

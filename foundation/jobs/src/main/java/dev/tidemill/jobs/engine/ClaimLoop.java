package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.EpochClosedException;
import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The process's one claimer. It claims when there is room and something may be ready: woken by a hint or a freed
 * slot, and by polling, which finds the jobs whose commit nobody heard: every 20 ms while it does, else every 150 ms.
 */
final class ClaimLoop {
    private static final Logger LOG = LoggerFactory.getLogger(ClaimLoop.class);
    private static final Duration POLL_BUSY = Duration.ofMillis(20);
    private static final Duration POLL_IDLE = Duration.ofMillis(150);
    private static final Duration POLL_IDLE_ELSEWHERE = Duration.ofSeconds(1);
    private static final Duration WAIT_FOR_MEMORY = Duration.ofMillis(50);
    private static final long BUSY_NANOS = 1_000_000_000L;
    private static final long RECONCILE_NANOS = 5_000_000_000L;

    private final Map<String, QueueRunner> runners = new LinkedHashMap<>();
    private final Quarantine quarantine;
    private final Supplier<@Nullable EpochWork> current;
    private final Workshop shop;
    private final HeapGuard heap;
    private final Observers observers;
    private final Priorities priorities;
    private final Drain drain;
    private final HandOver handOver;
    private final RemoteClaims remote;
    private final boolean handlesHere;
    private final Loop loop = new Loop("claim", this::turn);
    private volatile boolean closed;
    private volatile boolean woken;
    private long foundByPollAt = System.nanoTime() - BUSY_NANOS;
    private long reconciledAt = System.nanoTime();
    private boolean sparing;
    private long rules;
    private int sparingTurns;

    ClaimLoop(
            Settings settings,
            Workshop shop,
            HeapGuard heap,
            Observers observers,
            Supplier<@Nullable EpochWork> current,
            RemoteDesk remote,
            Supplier<List<BreakerView>> breakers,
            Consumer<List<Hint>> committed) {
        this.shop = shop;
        this.heap = heap;
        this.observers = observers;
        this.drain = new Drain(this::stockOf, shop.finisher(), committed);
        this.current = current;
        this.priorities = settings.priorities();
        this.quarantine = new Quarantine(settings.poisonAfter());
        this.remote = new RemoteClaims(settings, shop, breakers, this::wake, remote::ended);
        remote.over(this.remote);
        this.handlesHere = !shop.registry().handledKinds().isEmpty();
        settings.queues().forEach((name, options) -> runners.put(name, new QueueRunner(name, options, this::wake)));
        this.handOver = new HandOver(runners, shop);
    }

    void start() {
        loop.start();
    }

    void wake() {
        woken = true;
        handOver.open(false);
        loop.wake();
    }

    /** The short way of jobs that this process enqueues. */
    HandOver handOver() {
        return handOver;
    }

    /** Somebody may have drained this node, or called it back. */
    void lookIfDrained() {
        drain.look();
        loop.wake();
    }

    boolean worksOn(String queue) {
        return runners.containsKey(queue) || remote.worksOn(queue);
    }

    int running() {
        return quarantine.running()
                + remote.inHand()
                + runners.values().stream().mapToInt(QueueRunner::running).sum();
    }

    private Duration turn() {
        EpochWork epoch = current.get();
        if (closed || epoch == null || epoch.state() != EpochWork.State.WORKING) {
            return Duration.ofMillis(100);
        }
        try {
            reconcile(epoch);
            if (drain.holds(epoch)) {
                return busy(POLL_IDLE);
            }
            if (shop.finisher().congested()) {
                return busy(Duration.ofMillis(5));
            }
            Duration mine = handlesHere ? claimHere(epoch) : POLL_IDLE_ELSEWHERE;
            Duration others = remote.turn(epoch);
            return others.compareTo(mine) < 0 ? others : mine;
        } catch (EpochClosedException lost) {
            LOG.debug("Claiming stops: {}", lost.getMessage());
            return Duration.ofMillis(100);
        }
    }

    private Duration claimHere(EpochWork epoch) {
        if (heap.holds(System.nanoTime(), () -> handled(epoch))) {
            return busy(claimSparingly(epoch));
        }
        sparing = false;
        int most = heap.most(System.nanoTime());
        if (most < Integer.MAX_VALUE) {
            List<Demand> some = within(most - handled(epoch), demands());
            return busy(some.isEmpty() ? POLL_IDLE : claim(epoch, some));
        }
        List<Demand> demands = demands();
        if (demands.isEmpty()) {
            return busy(POLL_IDLE);
        }
        Duration next = claim(epoch, demands);
        handOver.open(!woken && roomEverywhere(demands));
        return next;
    }

    /** What is in hand and fills this process's memory. */
    private int handled(EpochWork epoch) {
        return Math.max(0, epoch.inHand() - remote.inHand());
    }

    /**
     * Too little memory is left: what has not started goes back, and one job at a time is claimed, while nothing else is
     * in hand. A process that claimed nothing would stand still for ever if something else than its jobs fills the heap.
     */
    private Duration claimSparingly(EpochWork epoch) {
        if (!sparing) {
            sparing = true;
            returnStock(epoch);
        }
        if (running() > 0 || !epoch.leases().isEmpty()) {
            return WAIT_FOR_MEMORY;
        }
        List<Demand> demands = demands();
        if (demands.isEmpty()) {
            return POLL_IDLE;
        }
        Demand next = demands.get(sparingTurns++ % demands.size());
        return claim(
                epoch,
                List.of(new Demand(next.queue(), Math.min(1, next.slots()), 1, next.strict(), next.offPeakOpen())));
    }

    /** As much of these as memory has room for. */
    private static List<Demand> within(int room, List<Demand> demands) {
        List<Demand> some = new ArrayList<>(demands.size());
        int left = room;
        for (Demand demand : demands) {
            if (left > 0) {
                int critical = Math.min(left, demand.criticalSlots());
                some.add(new Demand(
                        demand.queue(),
                        Math.min(left, demand.slots()),
                        critical,
                        demand.strict(),
                        demand.offPeakOpen()));
                left -= critical;
            }
        }
        return some;
    }

    /** Hands back what has not started, by an outcome that counts for nothing; whoever else has room runs it. */
    private void returnStock(EpochWork epoch) {
        List<ClaimedJob> left = stockOf(epoch);
        long now = shop.clock().nowMicros();
        left.forEach(job -> shop.finisher().add(epoch, shop.policy().released(job, now, 0, RetryPolicy.NO_MEMORY)));
    }

    private List<Demand> demands() {
        boolean offPeakOpen = priorities.offPeakOpen(shop.clock().now());
        List<Demand> demands = new ArrayList<>(runners.size());
        for (QueueRunner runner : runners.values()) {
            Demand demand = runner.demand(offPeakOpen);
            if (demand != null) {
                demands.add(demand);
            }
        }
        return demands;
    }

    /** The claimer does not rest, so nothing takes the short way. */
    private Duration busy(Duration next) {
        handOver.open(false);
        return next;
    }

    private boolean roomEverywhere(List<Demand> demands) {
        return demands.size() == runners.size() && demands.stream().allMatch(demand -> demand.slots() > 0);
    }

    private Duration claim(EpochWork epoch, List<Demand> demands) {
        boolean polled = !woken;
        woken = false;
        long asked = System.nanoTime();
        List<ClaimedJob> jobs = epoch.place().claim(demands);
        observers.claimed(jobs.size(), System.nanoTime() - asked);
        if (epoch.place().rules() != rules) {
            rules = epoch.place().rules();
            shop.wires().look();
        }
        if (jobs.isEmpty()) {
            return System.nanoTime() - foundByPollAt < BUSY_NANOS ? POLL_BUSY : POLL_IDLE;
        }
        foundByPollAt = polled ? System.nanoTime() : foundByPollAt;
        woken = true;
        epoch.claimed(jobs);
        Map<String, List<ClaimedJob>> byQueue = new HashMap<>();
        for (ClaimedJob job : quarantine.takeSuspects(jobs, epoch, shop)) {
            byQueue.computeIfAbsent(job.queue(), queue -> new ArrayList<>(jobs.size()))
                    .add(job);
        }
        runners.values().forEach(runner -> runner.offer(byQueue.getOrDefault(runner.name(), List.of()), epoch, shop));
        return Duration.ZERO;
    }

    /** No claim is under way here and no job on the short way, so a lease that is in the database but not in memory had its answer lost. */
    private void reconcile(EpochWork epoch) {
        if (System.nanoTime() - reconciledAt < RECONCILE_NANOS) {
            return;
        }
        int returned = handOver.alone(() -> epoch.place().reconcile(epoch.leases()));
        reconciledAt = System.nanoTime();
        // A signal may have been lost.
        epoch.cancel(epoch.place().cancelRequests());
        if (returned > 0) {
            LOG.warn("Returned {} leases whose claim had lost its answer.", returned);
        }
    }

    void hint(EpochWork epoch, Hint hint) {
        if (worksOn(hint.queue())) {
            epoch.place().hint(hint);
            remote.hint(hint.queue());
            wake();
        }
    }

    /** Claims nothing more, and hands back what has not started. */
    void close() {
        closed = true;
        handOver.close();
        remote.stop();
        loop.stop();
        loop.join(Duration.ofSeconds(10));
    }

    /** Takes out of the stock what has not started, if it is this epoch's. */
    private List<ClaimedJob> stockOf(EpochWork epoch) {
        Set<Long> leases = epoch.leases();
        return empty().stream().filter(job -> leases.contains(job.lease())).toList();
    }

    /** Takes what has not started out of the stock. */
    List<ClaimedJob> empty() {
        List<ClaimedJob> left = new ArrayList<>(quarantine.empty());
        runners.values().forEach(runner -> left.addAll(runner.empty()));
        return left;
    }
}

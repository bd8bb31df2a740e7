package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.BreakerView;
import dev.tidemill.jobs.Priorities;
import dev.tidemill.jobs.RemoteWork.Request;
import dev.tidemill.jobs.store.ClaimedJob;
import dev.tidemill.jobs.store.Outcome;
import dev.tidemill.jobs.store.Workplace.Demand;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What workers elsewhere wait for. The node's claiming thread asks for it beside its own claims: those that want the same
 * kinds of the same queues share one claim, and are served in the order in which they came. A claim is sent when somebody
 * new waits, when a hint says that there may be something, and otherwise every 150 ms for five seconds and then every
 * second, which finds what nobody heard of.
 *
 * <p>A job that was lost all but once as often as is allowed is a suspect: a worker has one of those at a time, so that it
 * is known which one to blame if the worker falls silent. Thread safe; {@link #turn} is for the claiming thread.
 */
final class RemoteClaims {
    private static final Logger LOG = LoggerFactory.getLogger(RemoteClaims.class);
    private static final Duration IDLE = Duration.ofSeconds(1);
    private static final long POLL_NANOS = 150_000_000L;
    private static final long POLL_LATER_NANOS = 1_000_000_000L;
    private static final long SOON_NANOS = 5_000_000_000L;
    private static final long LATELY_NANOS = 60_000_000_000L;
    private static final long LEARN_NANOS = 10_000_000_000L;
    private static final String NOBODY_WAITS = "The worker that it was claimed for had stopped waiting.";
    private static final Duration FIRST_LOOK = Duration.ofSeconds(5);
    private static final Duration SUSPECT_WAITS = Duration.ofSeconds(1);
    private static final int CLAIM_LIMIT = 500;
    private static final int CHOICES = 1_000;

    /** What is handled through this node. */
    private record Choice(Set<String> kinds, Set<String> queues) {}

    /** Those who wait for the same. */
    private static final class Group {
        private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();
        private long askedNanos;
        private long newsNanos;
        private long nextNanos;
        private int turns;
    }

    /** One who waits. Whoever takes it first answers it: the claiming thread, or the end of its time. */
    private static final class Waiter {
        private final Request request;
        private final long endNanos;
        private final AtomicBoolean taken = new AtomicBoolean();
        private final CompletableFuture<List<RemoteAttempt>> answer = new CompletableFuture<>();

        Waiter(Request request) {
            this.request = request;
            this.endNanos = System.nanoTime() + request.patience().toNanos();
        }
    }

    private final Workshop shop;
    private final Quarantine quarantine;
    private final Priorities priorities;
    private final Supplier<List<BreakerView>> breakers;
    private final Runnable wake;
    private final Appetite appetite = Appetite.ofHeap();
    private final SecureRandom random = new SecureRandom();
    private final Map<Choice, Group> groups = new LinkedHashMap<>();
    private final Map<String, RemoteAttempt> held = new ConcurrentHashMap<>();
    private final Consumer<RemoteAttempt> onEnd;
    private volatile @Nullable EpochWork offeredUnder;
    private Choice offered = new Choice(Set.of(), Set.of());
    private long learntNanos = System.nanoTime() - LEARN_NANOS;
    private volatile boolean learnNow;
    private volatile boolean closed;

    RemoteClaims(
            Settings settings,
            Workshop shop,
            Supplier<List<BreakerView>> breakers,
            Runnable wake,
            Consumer<RemoteAttempt> onEnd) {
        this.shop = shop;
        this.quarantine = new Quarantine(settings.poisonAfter());
        this.priorities = settings.priorities();
        this.breakers = breakers;
        this.wake = wake;
        this.onEnd = onEnd;
    }

    /** Waits for jobs; empty if none came in time. */
    List<RemoteAttempt> await(Request request) throws InterruptedException {
        Waiter waiter = new Waiter(request);
        Choice choice = new Choice(request.kinds(), request.queues());
        synchronized (groups) {
            if (closed) {
                return List.of();
            }
            Group group = groups.computeIfAbsent(choice, any -> new Group());
            group.waiters.add(waiter);
            group.askedNanos = System.nanoTime();
            group.newsNanos = group.askedNanos;
            group.nextNanos = group.askedNanos;
        }
        wake.run();
        // Who does not want to wait is answered by the first look.
        Duration most = request.patience().isZero() ? FIRST_LOOK : request.patience();
        try {
            return waiter.answer.get(most.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException over) {
            return ended(choice, waiter);
        } catch (InterruptedException interrupted) {
            ended(choice, waiter).forEach(RemoteAttempt::giveBack);
            throw interrupted;
        } catch (ExecutionException never) {
            throw new IllegalStateException(never);
        }
    }

    private List<RemoteAttempt> ended(Choice choice, Waiter waiter) {
        if (!waiter.taken.compareAndSet(false, true)) {
            return waiter.answer.join();
        }
        synchronized (groups) {
            Group group = groups.get(choice);
            if (group != null) {
                group.waiters.remove(waiter);
            }
        }
        return List.of();
    }

    @Nullable
    RemoteAttempt held(String token) {
        return held.get(token);
    }

    int inHand() {
        return held.size();
    }

    boolean worksOn(String queue) {
        synchronized (groups) {
            return groups.keySet().stream().anyMatch(choice -> choice.queues.contains(queue));
        }
    }

    /** Something may have appeared there. */
    void hint(String queue) {
        synchronized (groups) {
            groups.forEach((choice, group) -> {
                if (choice.queues.contains(queue)) {
                    group.nextNanos = System.nanoTime();
                }
            });
        }
    }

    /** Claims for those whose turn it is; returns for how long there is nothing to do. */
    Duration turn(EpochWork epoch) {
        offer(epoch);
        long next = System.nanoTime() + IDLE.toNanos();
        for (Map.Entry<Choice, Group> entry : waiting()) {
            Group group = entry.getValue();
            if (group.nextNanos - System.nanoTime() <= 0) {
                serve(entry.getKey(), group, epoch);
            }
            next = next - group.nextNanos > 0 ? group.nextNanos : next;
        }
        return Duration.ofNanos(Math.max(0, next - System.nanoTime()));
    }

    private List<Map.Entry<Choice, Group>> waiting() {
        List<Map.Entry<Choice, Group>> waiting = new ArrayList<>();
        synchronized (groups) {
            groups.forEach((choice, group) -> {
                if (!group.waiters.isEmpty()) {
                    waiting.add(Map.entry(choice, group));
                }
            });
        }
        return waiting;
    }

    private void serve(Choice choice, Group group, EpochWork epoch) {
        List<Waiter> waiters;
        long asked = System.nanoTime();
        synchronized (groups) {
            waiters = List.copyOf(group.waiters);
            group.nextNanos = asked + (asked - group.newsNanos < SOON_NANOS ? POLL_NANOS : POLL_LATER_NANOS);
        }
        int wanted = waiters.stream().mapToInt(waiter -> waiter.request.max()).sum();
        List<ClaimedJob> jobs = claim(choice, group, Math.min(wanted, CLAIM_LIMIT), epoch);
        if (!jobs.isEmpty()) {
            handOut(new ArrayDeque<>(jobs), waiters, epoch);
        }
        synchronized (groups) {
            if (!jobs.isEmpty()) {
                group.newsNanos = System.nanoTime();
                group.nextNanos = group.newsNanos;
            }
            group.waiters.removeIf(waiter -> {
                if (System.nanoTime() - waiter.endNanos >= 0 && waiter.taken.compareAndSet(false, true)) {
                    waiter.answer.complete(List.of());
                }
                return waiter.taken.get();
            });
        }
    }

    /** Queue by queue, each time from another one on, since a claim takes as much from each as it is told. */
    private List<ClaimedJob> claim(Choice choice, Group group, int wanted, EpochWork epoch) {
        boolean offPeakOpen = priorities.offPeakOpen(shop.clock().now());
        List<String> queues = choice.queues.stream().sorted().toList();
        List<ClaimedJob> claimed = new ArrayList<>();
        long bytes = 0;
        int first = group.turns++ % queues.size();
        int tried = 0;
        while (tried < queues.size() && claimed.size() < wanted && !appetite.enough(bytes)) {
            int most = appetite.most(wanted - claimed.size());
            Demand demand = new Demand(queues.get((first + tried) % queues.size()), most, most, false, offPeakOpen);
            try {
                List<ClaimedJob> some = epoch.place().claim(choice.kinds, List.of(demand));
                epoch.claimed(some);
                claimed.addAll(some);
                bytes += appetite.learn(some);
                tried += some.size() < most ? 1 : 0;
            } catch (RuntimeException failed) {
                if (claimed.isEmpty()) {
                    throw failed;
                }
                LOG.debug("Claiming from one of several queues failed; what was claimed is handed out.", failed);
                return claimed;
            }
        }
        return claimed;
    }

    private void handOut(ArrayDeque<ClaimedJob> jobs, List<Waiter> waiters, EpochWork epoch) {
        Set<Long> suspects = quarantine.suspectsAmong(List.copyOf(jobs), epoch);
        for (Waiter waiter : waiters) {
            if (jobs.isEmpty()) {
                return;
            }
            if (!waiter.taken.compareAndSet(false, true)) {
                continue;
            }
            List<RemoteAttempt> handed = new ArrayList<>();
            while (handed.size() < waiter.request.max() && !jobs.isEmpty()) {
                RemoteAttempt one = begin(jobs.remove(), waiter.request, suspects, epoch);
                if (one != null) {
                    handed.add(one);
                }
            }
            waiter.answer.complete(handed);
        }
        // Claimed for those whose time was up meanwhile.
        long now = shop.clock().nowMicros();
        jobs.forEach(job -> shop.finisher().add(epoch, shop.policy().released(job, now, 0, NOBODY_WAITS)));
    }

    /** Null if the job could not begin; then that is its outcome. */
    private @Nullable RemoteAttempt begin(ClaimedJob job, Request request, Set<Long> suspects, EpochWork epoch) {
        long now = shop.clock().nowMicros();
        Meta meta = Meta.NONE;
        try {
            if (job.probe() && !shop.wires().knows(job)) {
                learn();
            }
            if (job.meta() != null) {
                meta = shop.registry().codec().read(job.meta(), Meta.class);
            }
            RemoteAttempt.payload(job);
            boolean suspect = suspects.contains(job.id());
            if (suspect && hasSuspect(request.worker())) {
                Outcome waits = shop.policy()
                        .releasedFor(
                                job,
                                SUSPECT_WAITS,
                                now,
                                "Another job that was lost before is under observation at the worker "
                                        + request.worker() + "; this one waits.");
                shop.finisher().add(epoch, waits);
                return null;
            }
            RemoteAttempt attempt = new RemoteAttempt(
                    job, epoch, shop, request, token(epoch), suspect, meta, this::ended, this::dismiss);
            held.put(attempt.handle().token(), attempt);
            attempt.begin();
            if (suspect) {
                LOG.warn(
                        "Job {} of kind {} was lost before, and is handed to the worker {} under observation: if that falls"
                                + " silent, it becomes a dead letter.",
                        job.id(),
                        job.kind(),
                        request.worker());
            }
            return attempt;
        } catch (RuntimeException failed) {
            shop.finisher().add(epoch, shop.policy().failed(job, meta, now, 0, failed));
            return null;
        }
    }

    private boolean hasSuspect(String worker) {
        return held.values().stream()
                .anyMatch(attempt -> attempt.suspect() && attempt.worker().equals(worker));
    }

    /** Whose epoch handed it out shows, so that others can say where to go; the rest is not to be guessed. */
    private String token(EpochWork epoch) {
        byte[] secret = new byte[24];
        random.nextBytes(secret);
        return epoch.place().epoch() + "."
                + Base64.getUrlEncoder().withoutPadding().encodeToString(secret);
    }

    /**
     * A worker that fell silent may have left a question open that it will never hear the answer of: that one gets no job. If
     * it lives, it asks again.
     */
    private void dismiss(String worker) {
        synchronized (groups) {
            groups.values()
                    .forEach(group -> group.waiters.removeIf(waiter -> {
                        if (waiter.request.worker().equals(worker) && waiter.taken.compareAndSet(false, true)) {
                            waiter.answer.complete(List.of());
                        }
                        return waiter.taken.get();
                    }));
        }
    }

    private void ended(RemoteAttempt attempt) {
        onEnd.accept(attempt);
        held.remove(attempt.handle().token());
    }

    /** Says what is handled through this node: what was asked for in the last minute. */
    private void offer(EpochWork epoch) {
        Set<String> kinds = new HashSet<>();
        Set<String> queues = new HashSet<>();
        synchronized (groups) {
            long now = System.nanoTime();
            groups.values().forEach(group -> group.askedNanos = group.waiters.isEmpty() ? group.askedNanos : now);
            groups.values().removeIf(group -> now - group.askedNanos > LATELY_NANOS);
            while (groups.size() > CHOICES && removeIdle()) {
                LOG.debug("More than {} choices of kinds were asked for lately; one is forgotten.", CHOICES);
            }
            groups.keySet().forEach(choice -> {
                kinds.addAll(choice.kinds);
                queues.addAll(choice.queues);
            });
        }
        Choice now = new Choice(kinds, queues);
        if (offeredUnder == epoch ? !now.equals(offered) : !kinds.isEmpty() || offeredUnder != null) {
            epoch.place().offer(kinds, queues);
            offered = now;
            offeredUnder = epoch;
            learn();
        } else if (learnNow || (!kinds.isEmpty() && System.nanoTime() - learntNanos > LEARN_NANOS)) {
            learn();
        }
    }

    private boolean removeIdle() {
        return groups.values().stream()
                .filter(group -> group.waiters.isEmpty())
                .findFirst()
                .map(groups.values()::remove)
                .orElse(false);
    }

    /** What the kinds depend on, so that a worker's word counts for the breakers. */
    private void learn() {
        learnNow = false;
        Map<String, Set<String>> dependencies = new HashMap<>();
        for (BreakerView breaker : breakers.get()) {
            breaker.kinds()
                    .forEach(kind -> dependencies
                            .computeIfAbsent(kind, any -> new HashSet<>())
                            .add(breaker.breaker().name()));
        }
        shop.wires().learn(dependencies);
        learntNanos = System.nanoTime();
    }

    /** The next turn learns again. */
    void learnSoon() {
        learnNow = true;
        wake.run();
    }

    /** Whether this is the epoch that hands out now. */
    boolean under(long epoch) {
        EpochWork mine = offeredUnder;
        return mine != null && mine.place().epoch() == epoch;
    }

    boolean closed() {
        return closed;
    }

    /** Hands out nothing more, and answers those who wait. */
    void stop() {
        synchronized (groups) {
            closed = true;
        }
        answerAll();
    }

    private void answerAll() {
        synchronized (groups) {
            groups.values()
                    .forEach(group -> group.waiters.removeIf(waiter -> {
                        if (waiter.taken.compareAndSet(false, true)) {
                            waiter.answer.complete(List.of());
                        }
                        return true;
                    }));
        }
    }

    /** Answers those who wait, and gives back what is in workers' hands. */
    void recall() {
        answerAll();
        held.values().forEach(RemoteAttempt::release);
    }
}

package dev.tidemill.jobs.engine;

import dev.tidemill.jobs.store.Hint;
import dev.tidemill.jobs.store.History;
import dev.tidemill.jobs.store.StoreException;
import dev.tidemill.jobs.store.Upkeep;
import dev.tidemill.jobs.store.Upkeep.Moved;
import dev.tidemill.jobs.store.Upkeep.Rescued;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the store in order, in every process and without a leader: moves due jobs, rescues what dead nodes held, makes
 * partitions ahead, drops them behind and counts depths. The mover has a thread of its own, so that a slow rescue delays no schedule.
 *
 * <p>After a database outage every node's heartbeat is old. A caretaker therefore rescues only after it has itself
 * been in contact for as long as it takes a node to be declared dead, which gives the living the time to say so.
 */
final class Caretaker {
    private static final Logger LOG = LoggerFactory.getLogger(Caretaker.class);
    private static final Duration LONGEST_SLEEP = Duration.ofSeconds(1);
    private static final Duration PARTITIONS_EVERY = Duration.ofSeconds(30);
    private static final Duration DEPTHS_EVERY = Duration.ofSeconds(2);
    private static final Duration HISTORY_EVERY = Duration.ofSeconds(30);
    private static final int HISTORY_STEPS = 100;

    private final Upkeep upkeep;
    private final History history;
    private final Settings settings;
    private final Observers observers;
    private final Consumer<List<Hint>> committed;
    private final Loop mover = new Loop("schedule", this::moveDue);
    private final Loop keeper = new Loop("upkeep", this::keep);
    private final Loop historian = new Loop("history", this::letGo);
    private final Object nextDueLock = new Object();
    private long nextDueMicros;
    private long inContactSince;
    private boolean inContact = true;
    private boolean everOutOfContact;
    private long partitionsNanos = System.nanoTime();
    private long depthsNanos = System.nanoTime() - DEPTHS_EVERY.toNanos();

    Caretaker(Upkeep upkeep, History history, Settings settings, Observers observers, Consumer<List<Hint>> committed) {
        this.upkeep = upkeep;
        this.history = history;
        this.settings = settings;
        this.observers = observers;
        this.committed = committed;
    }

    void start() {
        mover.start();
        keeper.start();
        historian.start();
    }

    /** Something will be due then. */
    void due(long micros) {
        boolean sooner;
        synchronized (nextDueLock) {
            sooner = nextDueMicros == 0 || micros < nextDueMicros;
            nextDueMicros = sooner ? micros : nextDueMicros;
        }
        if (sooner) {
            mover.wake();
        }
    }

    private Duration moveDue() {
        synchronized (nextDueLock) {
            nextDueMicros = 0;
        }
        Moved moved = upkeep.moveDue();
        committed.accept(moved.hints());
        if (moved.nextDueMicros() == 0) {
            return LONGEST_SLEEP;
        }
        synchronized (nextDueLock) {
            nextDueMicros = nextDueMicros == 0 ? moved.nextDueMicros() : Math.min(nextDueMicros, moved.nextDueMicros());
        }
        Duration until = Duration.ofNanos(Math.max(0, moved.nextDueMicros() - moved.nowMicros()) * 1_000);
        return until.compareTo(LONGEST_SLEEP) < 0 ? until : LONGEST_SLEEP;
    }

    private Duration keep() {
        try {
            rescue();
            long now = System.nanoTime();
            if (now - partitionsNanos >= PARTITIONS_EVERY.toNanos()) {
                partitionsNanos = now;
                upkeep.makePartitions();
            }
            if (now - depthsNanos >= DEPTHS_EVERY.toNanos()) {
                depthsNanos = now;
                upkeep.rollUp(DEPTHS_EVERY);
            }
        } catch (StoreException failed) {
            // A statement that the database refuses is an answer: it must not keep the dead from being rescued.
            inContact = !failed.connection();
            throw failed;
        }
        return Duration.ofMillis(500);
    }

    private void rescue() {
        if (!inContact) {
            inContact = true;
            everOutOfContact = true;
            inContactSince = System.nanoTime();
        }
        if (everOutOfContact
                && System.nanoTime() - inContactSince < settings.deadAfter().toNanos()) {
            upkeep.probe();
            return;
        }
        Rescued rescued =
                upkeep.rescue(settings.deadAfter(), settings.heartbeat().multipliedBy(2));
        if (rescued.nodes() > 0) {
            LOG.warn("Closed {} dead epochs; what they held runs again.", rescued.nodes());
            committed.accept(rescued.hints());
            observers.nodesLost(rescued.nodes());
        }
    }

    /** On a thread of its own: letting go of a partition may mean to wait for whoever reads it. */
    private Duration letGo() {
        for (int step = 0; step < HISTORY_STEPS && !historian.stopping(); step++) {
            if (!history.advance()) {
                return HISTORY_EVERY;
            }
        }
        return Duration.ZERO;
    }

    void stop() {
        mover.stop();
        keeper.stop();
        historian.stop();
        mover.join(Duration.ofSeconds(5));
        keeper.join(Duration.ofSeconds(5));
    }
}

package dev.tidemill.chaos;

import dev.tidemill.chaos.Blow.Crash;
import dev.tidemill.chaos.Blow.Cut;
import dev.tidemill.chaos.Blow.Freeze;
import dev.tidemill.chaos.Blow.Hang;
import dev.tidemill.chaos.Blow.Kill;
import dev.tidemill.chaos.Blow.Place;
import dev.tidemill.chaos.Blow.Restart;
import dev.tidemill.chaos.Blow.Terminate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;

/**
 * What will happen in a run: the same for the same seed, length and number of workers. Blows are dealt from a deck that
 * holds every sort, shuffled anew when it is through, so that each sort comes in every round; no worker is hit while an
 * earlier blow still holds it.
 */
record Plan(List<Blow> blows) {
    private static final Duration FIRST = Duration.ofSeconds(1);
    private static final int GAP_MILLIS = 1_400;
    private static final int LEAST_GAP_MILLIS = 300;

    private enum Sort {
        KILL,
        FREEZE,
        FREEZE_CLAIM,
        FREEZE_OPEN_CLAIM,
        FREEZE_FINISH,
        FREEZE_COMPLETE,
        CRASH,
        RESTART,
        TERMINATE,
        CUT,
        HANG
    }

    Plan {
        blows = List.copyOf(blows);
    }

    /** Without restarts of the database where it is not ours. */
    static Plan random(long seed, Duration length, int workers, boolean ownDatabase) {
        return new Dealer(new Random(seed), length, workers, ownDatabase).deal();
    }

    /** How many are of that sort. */
    long count(Class<? extends Blow> sort) {
        return blows.stream().filter(sort::isInstance).count();
    }

    private static final class Dealer {
        private final Random random;
        private final Duration length;
        private final boolean ownDatabase;
        private final Duration[] busyUntil;
        private final List<Sort> deck = new ArrayList<>();
        private final List<Blow> blows = new ArrayList<>();
        private Duration now = FIRST;

        Dealer(Random random, Duration length, int workers, boolean ownDatabase) {
            this.random = random;
            this.length = length;
            this.ownDatabase = ownDatabase;
            this.busyUntil = Collections.nCopies(workers + 1, Duration.ZERO).toArray(Duration[]::new);
        }

        Plan deal() {
            while (now.compareTo(length) < 0) {
                deal(draw());
                now = now.plusMillis(LEAST_GAP_MILLIS + random.nextInt(GAP_MILLIS));
            }
            return new Plan(blows);
        }

        private Sort draw() {
            if (deck.isEmpty()) {
                // Two of each, but the database goes away more rarely: nothing else happens meanwhile.
                Collections.addAll(deck, Sort.values());
                deck.removeAll(ownDatabase ? List.of() : List.of(Sort.CRASH, Sort.RESTART));
                deck.addAll(EnumSet.complementOf(EnumSet.of(Sort.CRASH, Sort.RESTART)));
                Collections.shuffle(deck, random);
            }
            return deck.removeLast();
        }

        private void deal(Sort sort) {
            switch (sort) {
                case KILL -> {
                    Duration down = millis(100, 4_000);
                    int worker = worker(down);
                    blows.add(new Kill(now, worker, down));
                }
                case FREEZE -> freeze(Place.ANYWHERE);
                case FREEZE_CLAIM -> freeze(Place.CLAIM);
                case FREEZE_OPEN_CLAIM -> freeze(Place.OPEN_CLAIM);
                case FREEZE_FINISH -> freeze(Place.FINISH);
                case FREEZE_COMPLETE -> freeze(Place.COMPLETE);
                case CRASH -> blows.add(new Crash(now, millis(0, 3_000)));
                case RESTART -> blows.add(new Restart(now));
                case TERMINATE -> blows.add(new Terminate(now, 10 + random.nextInt(91)));
                case CUT -> {
                    int worker = worker(Duration.ZERO);
                    blows.add(new Cut(now, worker));
                }
                case HANG -> {
                    Duration lasts = millis(500, 5_000);
                    int worker = worker(lasts);
                    blows.add(new Hang(now, worker, lasts, random.nextBoolean()));
                }
            }
        }

        /** Two of three outlast the time after which a worker is dead. */
        private void freeze(Place inside) {
            Duration lasts = random.nextInt(3) == 0 ? millis(200, 1_400) : millis(2_000, 6_000);
            int worker = worker(lasts);
            blows.add(new Freeze(now, worker, inside, lasts));
        }

        /** One that is free, or will be first; it is taken for that long and what it takes to get going. */
        private int worker(Duration takes) {
            List<Integer> free = new ArrayList<>();
            int first = 1;
            for (int worker = 1; worker < busyUntil.length; worker++) {
                if (busyUntil[worker].compareTo(now) <= 0) {
                    free.add(worker);
                }
                first = busyUntil[worker].compareTo(busyUntil[first]) < 0 ? worker : first;
            }
            int chosen = free.isEmpty() ? first : free.get(random.nextInt(free.size()));
            now = busyUntil[chosen].compareTo(now) > 0 ? busyUntil[chosen] : now;
            busyUntil[chosen] = now.plus(takes).plusSeconds(2);
            return chosen;
        }

        private Duration millis(int from, int to) {
            return Duration.ofMillis(from + random.nextInt(to - from));
        }
    }
}

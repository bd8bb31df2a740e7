package dev.tidemill.chaos;

import java.time.Duration;
import java.util.Locale;

/** One thing that is done to the workers or their database, and when. Workers are numbered from 1. */
sealed interface Blow {
    /** From the beginning of the run. */
    Duration at();

    /** In a few words. */
    String what();

    /** Where in its work a process is frozen. */
    enum Place {
        /** Wherever it is. */
        ANYWHERE("wherever it is"),
        /** The claim is written, the answer never read. */
        CLAIM("inside a claim, which commits"),
        /** The claim is open until somebody ends it. */
        OPEN_CLAIM("inside a claim, which stays open"),
        /** A finish is under way. */
        FINISH("inside a finish"),
        /** A handler has called completeIn and not committed. */
        COMPLETE("between completeIn and commit");

        private final String words;

        Place(String words) {
            this.words = words;
        }

        @Override
        public String toString() {
            return words;
        }
    }

    /** SIGKILL, and a new process after a while. */
    record Kill(Duration at, int worker, Duration down) implements Blow {
        @Override
        public String what() {
            return "kill worker " + worker + ", start it again after " + seconds(down);
        }
    }

    /** SIGSTOP, and SIGCONT after a while. */
    record Freeze(Duration at, int worker, Place inside, Duration lasts) implements Blow {
        @Override
        public String what() {
            return "freeze worker " + worker + " " + inside + " for " + seconds(lasts);
        }
    }

    /** SIGKILL to all processes of the database, and a new start after a while. */
    record Crash(Duration at, Duration down) implements Blow {
        @Override
        public String what() {
            return "kill the database, start it again after " + seconds(down);
        }
    }

    /** The database is stopped, which ends its sessions, and started. */
    record Restart(Duration at) implements Blow {
        @Override
        public String what() {
            return "restart the database";
        }
    }

    /** Some of the workers' sessions are ended by pg_terminate_backend. */
    record Terminate(Duration at, int percent) implements Blow {
        @Override
        public String what() {
            return "terminate " + percent + " % of the workers' sessions";
        }
    }

    /** All connections of a worker break. */
    record Cut(Duration at, int worker) implements Blow {
        @Override
        public String what() {
            return "cut the connections of worker " + worker;
        }
    }

    /** Nothing passes between a worker and the database for a while; then it does, or the connections break. */
    record Hang(Duration at, int worker, Duration lasts, boolean thenCut) implements Blow {
        @Override
        public String what() {
            return "hang the connections of worker " + worker + " for " + seconds(lasts)
                    + (thenCut ? ", then cut them" : "");
        }
    }

    private static String seconds(Duration time) {
        return String.format(Locale.ROOT, "%.1f s", time.toMillis() / 1_000.0);
    }
}

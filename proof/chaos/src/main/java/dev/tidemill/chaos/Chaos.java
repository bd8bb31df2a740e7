package dev.tidemill.chaos;

import dev.tidemill.embedded.EmbeddedPostgres;
import dev.tidemill.jobs.AttemptOutcome;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A run: workers under load, a storm, a calm in which all that waits gets done, and the ledger.
 *
 * @param seed of the plan and of the load
 * @param storm how long blows fall
 * @param workers how many processes
 * @param perSecond jobs enqueued a second
 * @param database the address of a database to do it on, with user and password; null for an embedded one
 */
record Chaos(
        long seed,
        Duration storm,
        int workers,
        int perSecond,
        @Nullable String database) {
    /** What waits is given as long as the storm took, and this at least. */
    private static final Duration CALM = Duration.ofMinutes(2);

    /** Runs it; progress and the plan go to the stream. */
    Report run(PrintStream progress) {
        if (database != null) {
            return run(database, null, progress);
        }
        try (EmbeddedPostgres postgres = EmbeddedPostgres.builder().start()) {
            return run(postgres.jdbcUrlWithPassword(), postgres, progress);
        }
    }

    private Report run(String url, @Nullable EmbeddedPostgres postgres, PrintStream progress) {
        Plan plan = Plan.random(seed, storm, workers, postgres != null);
        progress.printf("plan of seed %d:%n", seed);
        plan.blows()
                .forEach(blow ->
                        progress.printf(Locale.ROOT, "%7.1f s  %s%n", blow.at().toMillis() / 1_000.0, blow.what()));
        Site site = new Site(url, "tidemill_chaos_" + Long.toString(System.nanoTime(), 36));
        Path logs = logs();
        Ledger ledger = Ledger.open(site);
        boolean sound = false;
        List<Seat> seats = new ArrayList<>();
        // Where the run is broken off, the workers' own hooks end them meanwhile.
        Thread tidyAtExit = Thread.ofPlatform().unstarted(() -> {
            delete(logs);
            if (postgres == null) {
                ledger.drop();
            }
        });
        Runtime.getRuntime().addShutdownHook(tidyAtExit);
        try (Feeder feeder = new Feeder(site, seed, perSecond)) {
            for (int i = 1; i <= workers; i++) {
                seats.add(new Seat("worker-" + i, site, logs));
            }
            seats.forEach(Seat::awaitReady);
            Storm blows = new Storm(seats, ledger, postgres);
            progress.println("… " + workers + " workers, " + perSecond + " jobs a second, the storm begins");
            blows.rage(plan);
            feeder.end();
            progress.println("… the storm is over, what waits gets done");
            Duration calm = storm.compareTo(CALM) > 0 ? storm : CALM;
            boolean drained = Waiting.holds(calm, () -> waiting(ledger) == 0);
            progress.println(drained ? "… nothing waits" : "… jobs still wait, or hang in leases");
            Map<String, Long> left = drained ? Map.of() : Leftover.of(ledger);
            seats.forEach(seat -> seat.process().stop());
            Audit audit = Audit.of(ledger, feeder.acknowledged(), Load.WITH_EFFECT, Load.DOOMED);
            audit.check(
                    "phantoms", "select j.id from {s}.job j join {s}.kind k on k.id = j.kind where k.name = 'Phantom'");
            Report report = new Report(
                    ledger.number("select count(*) from {s}.job"),
                    audit,
                    blows.tally(),
                    outcomes(ledger),
                    Watch.seen(ledger),
                    left,
                    feeder.failed(),
                    conditions(site, ledger, postgres != null, logs));
            sound = report.isSound();
            return report;
        } finally {
            seats.forEach(Seat::close);
            forget(tidyAtExit);
            if (sound) {
                delete(logs);
            }
            if (postgres == null && sound) {
                ledger.drop();
            }
        }
    }

    private static int waiting(Ledger ledger) {
        return ledger.number("select (select count(*) from {s}.ready) + (select count(*) from {s}.scheduled)"
                + " + (select count(*) from {s}.parked) + (select count(*) from {s}.lease)");
    }

    /** Attempts by what came of them. */
    private static Map<String, Long> outcomes(Ledger ledger) {
        Map<String, Long> outcomes = new LinkedHashMap<>();
        for (AttemptOutcome outcome : AttemptOutcome.values()) {
            outcomes.put(outcome.name().toLowerCase(Locale.ROOT), (long)
                    ledger.number("select count(*) from {s}.attempt where outcome = " + outcome.code()));
        }
        return outcomes;
    }

    private Map<String, Object> conditions(Site site, Ledger ledger, boolean embedded, Path logs) {
        Map<String, Object> conditions = new LinkedHashMap<>();
        conditions.put("workers", workers);
        conditions.put("jobs_per_s", perSecond);
        conditions.put("heartbeat_ms", Pace.BRISK.heartbeat().toMillis());
        conditions.put("dead_after_ms", Pace.BRISK.deadAfter().toMillis());
        conditions.put("epochs", ledger.number("select count(*) from {s}.node"));
        conditions.put("java", System.getProperty("java.vm.name") + " " + Runtime.version());
        conditions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
        conditions.put("cores", Runtime.getRuntime().availableProcessors());
        conditions.put("postgresql", ledger.text("show server_version") + (embedded ? ", embedded" : ""));
        conditions.put("schema_if_violated", site.schema());
        conditions.put("workers_logs_if_violated", logs.toString());
        conditions.put("storm_s", storm.toSeconds());
        conditions.put("seed", seed);
        return conditions;
    }

    private static Path logs() {
        try {
            return Files.createTempDirectory("tidemill-chaos");
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void delete(Path folder) {
        try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
            Files.delete(folder);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    private static void forget(Thread hook) {
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException alreadyEnding) {
            // It runs, or has run.
        }
    }
}

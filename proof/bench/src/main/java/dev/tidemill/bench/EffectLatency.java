package dev.tidemill.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * From the commit of a change to the commit of its effect, both as the server notes them (track_commit_timestamp), so that
 * nobody who looks is in the way. An open load: changes come at fixed times, whether or not former ones had their effect.
 * Rows are inserted and the effect of each is a row with the same key, which would not go in a second time.
 */
final class EffectLatency {
    private static final int WRITERS = 8;
    private static final int TRANSACTIONS_PER_SECOND = 1_000;

    private final Rig rig;
    private final Figures figures;
    private final RulesBench.Effort effort;
    private final String application;
    private long lost;
    private long twice;

    EffectLatency(Rig rig, Figures figures, RulesBench.Effort effort) {
        this.rig = rig;
        this.figures = figures;
        this.effort = effort;
        this.application = RulesBench.application(rig.schema());
    }

    void run() throws InterruptedException {
        figures.put("commit_to_effect_ms", rates("batch", 100, 1_000, 5_000), "p99 < 100 at 1,000/s");
        figures.put("commit_to_effect_single_ms", rates("single", 100, 1_000), "a call of the handler for each change");
        figures.put("lost", lost, "0");
        figures.put("finished_twice", twice, "0");
        figures.condition(
                "commit_to_effect",
                "by the changes a second; open load of inserts, up to " + TRANSACTIONS_PER_SECOND
                        + " transactions a second, beyond that several rows in each; " + effort.length()
                        + " after a warm-up of " + effort.warmUp()
                        + "; one process reacts; times by track_commit_timestamp");
    }

    private Map<String, Object> rates(String rule, int... rates) throws InterruptedException {
        for (String table : List.of("event_", "effect_")) {
            rig.target().execute("create table " + application + "." + table + rule + " (id bigint primary key)");
        }
        Map<String, Object> measured = new LinkedHashMap<>();
        try (Child worker = RulesWorker.start(rig, rule)) {
            long from = 0;
            for (int rate : rates) {
                rig.say(Rig.grouped(rate) + " changes a second, rule '" + rule + "'");
                long count = (long) rate * effort.warmUp().plus(effort.length()).toSeconds();
                double written = write(rule, from, rate, count);
                awaitEffects(rule, from + count);
                Map<String, Object> row =
                        percentiles(rule, from + rate * effort.warmUp().toSeconds(), from + count);
                row.put("written_per_s", (double) Math.round(written));
                measured.put(Integer.toString(rate), row);
                from += count;
            }
            worker.say("end");
            audit(rule, from);
        }
        return measured;
    }

    /** Changes with the ids from one on, at fixed times; returns how many a second there were. */
    private double write(String rule, long from, int rate, long count) throws InterruptedException {
        int together = Math.max(1, rate / TRANSACTIONS_PER_SECOND);
        long transactions = count / together;
        double perSecond = (double) rate / together;
        long start = System.nanoTime() + 100_000_000;
        List<Thread> writers = new ArrayList<>();
        List<SQLException> failures = new ArrayList<>();
        for (int number = 0; number < WRITERS; number++) {
            int writer = number;
            writers.add(Thread.ofPlatform().start(() -> {
                try (Connection connection = rig.target().dataSource().getConnection();
                        PreparedStatement statement = connection.prepareStatement("insert into " + application
                                + ".event_" + rule + " (id) select generate_series(?::bigint, ?::bigint)")) {
                    for (long turn = writer; turn < transactions; turn += WRITERS) {
                        long due = start + (long) (turn * 1e9 / perSecond);
                        Load.awaitNanoTime(due);
                        statement.setLong(1, from + turn * together);
                        statement.setLong(2, from + turn * together + together - 1);
                        statement.executeUpdate();
                    }
                } catch (SQLException failed) {
                    synchronized (failures) {
                        failures.add(failed);
                    }
                }
            }));
        }
        for (Thread writer : writers) {
            writer.join();
        }
        if (!failures.isEmpty()) {
            throw new IllegalStateException("The database refused a write.", failures.getFirst());
        }
        return count / ((System.nanoTime() - start) / 1e9);
    }

    private void awaitEffects(String rule, long count) throws InterruptedException {
        long end = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (rig.target().number("select count(*) from " + application + ".effect_" + rule) < count
                && System.nanoTime() - end < 0) {
            Thread.sleep(100);
        }
    }

    private Map<String, Object> percentiles(String rule, long from, long to) {
        String sql = """
                select percentile_disc(array[0.5, 0.95, 0.99, 1]) within group (order by ms) from (
                    select extract(epoch from pg_xact_commit_timestamp(f.xmin) - pg_xact_commit_timestamp(e.xmin))::float8
                               * 1000 as ms
                      from %s.event_%s e join %s.effect_%s f using (id) where e.id >= %d and e.id < %d) t""".formatted(application, rule, application, rule, from, to);
        try (Connection connection = rig.target().dataSource().getConnection();
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            rows.next();
            Double[] found = (Double[]) rows.getArray(1).getArray();
            Map<String, Object> row = new LinkedHashMap<>();
            String[] names = {"p50", "p95", "p99", "max"};
            for (int i = 0; i < names.length; i++) {
                row.put(names[i], Math.round(found[i] * 1_000) / 1_000.0);
            }
            return row;
        } catch (SQLException failed) {
            throw new IllegalStateException("The latencies could not be read.", failed);
        }
    }

    /** The key of the effects refuses a second one for the same change, so such a change would be dead by now. */
    private void audit(String rule, long count) {
        lost += count - rig.target().number("select count(*) from " + application + ".effect_" + rule);
        twice += rig.target().number("select count(*) from " + rig.schema() + ".rule_parked");
    }
}

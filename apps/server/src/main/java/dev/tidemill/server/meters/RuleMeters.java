package dev.tidemill.server.meters;

import dev.tidemill.jobs.TidemillException;
import dev.tidemill.rules.RuleState;
import dev.tidemill.rules.RuleStatus;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.function.ToDoubleFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How the rules on data changes are, as gauges: by the database, so every server tells them alike. They are read aside, on a
 * thread of its own, so that nobody who scrapes waits for it; while the database does not answer they are absent. Of more
 * than 200 rules the first are told. Thread safe.
 */
final class RuleMeters {
    private static final Logger LOG = LoggerFactory.getLogger(RuleMeters.class);
    private static final long EVERY_NANOS = Duration.ofSeconds(5).toNanos();
    private static final int MOST_RULES = 200;

    /** A gauge, and its rows for a rule. */
    private record Refresher(MultiGauge gauge, Function<RuleStatus, List<Row<?>>> rows) {}

    private final MeterRegistry registry;
    private final Supplier<List<RuleStatus>> rules;
    private final List<Refresher> refreshers = new ArrayList<>();
    private final AtomicBoolean reading = new AtomicBoolean();
    private volatile List<RuleStatus> last = List.of();
    private volatile long readNanos = System.nanoTime() - EVERY_NANOS;

    RuleMeters(MeterRegistry registry, Supplier<List<RuleStatus>> rules) {
        this.registry = registry;
        this.rules = rules;
        state(
                "tidemill.rule.broken",
                "1 if the rule may miss changes, else 0",
                rule -> rule.state() == RuleState.BROKEN);
        state(
                "tidemill.rule.paused",
                "1 if its changes wait until it is resumed, else 0",
                rule -> rule.state() == RuleState.PAUSED);
        state("tidemill.rule.unserved", "1 if no process has its code, else 0", RuleStatus::unserved);
        state("tidemill.rule.late", "1 if changes wait that were due more than a minute ago, else 0", RuleStatus::late);
        one("tidemill.rule.pending", "Changes that wait, up to 100,001", RuleStatus::pending);
        one("tidemill.rule.held", "Changes that wait for the jobs of keys, up to 100,001", RuleStatus::held);
        one("tidemill.rule.parked", "Keys whose reaction failed, up to 100,001", RuleStatus::parked);
        one(
                "tidemill.rule.oldest.seconds",
                "How long the first change that waits has waited; 0 if none waits",
                rule -> seconds(rule.oldest().orElse(Duration.ZERO)));
        lag();
        one("tidemill.rule.changes.last.quarter.hour", "Changes delivered, last 15 minutes", RuleStatus::changes);
        one("tidemill.rule.effects.last.quarter.hour", "Changes reacted to, last 15 minutes", RuleStatus::effects);
        one(
                "tidemill.rule.coalesced.last.quarter.hour",
                "Changes that went together with another, last 15 minutes",
                RuleStatus::coalesced);
        one(
                "tidemill.rule.skipped.last.quarter.hour",
                "Changes that the condition refused, last 15 minutes",
                RuleStatus::skipped);
        one("tidemill.rule.failures.last.quarter.hour", "Failed reactions, last 15 minutes", RuleStatus::failures);
        one(
                "tidemill.rule.slowest.seconds",
                "The longest call of the last 15 minutes",
                rule -> seconds(rule.slowest().orElse(Duration.ZERO)));
        swept(
                "tidemill.rule.drift.found",
                "Keys that the last sweep found not as they should be",
                RuleStatus.Walk::found);
        swept("tidemill.rule.drift.repaired", "Keys that the last sweep repaired", RuleStatus.Walk::repaired);
        swept(
                "tidemill.rule.sweep.failed",
                "1 if the last sweep failed, else 0",
                sweep -> sweep.state().equals("FAILED") ? 1 : 0);
    }

    private void lag() {
        rows("tidemill.rule.lag.seconds", "From a write to the commit of its effect, last 15 minutes", rule -> {
            List<Row<?>> rows = new ArrayList<>();
            lag(rows, rule, "50", rule.lag().p50());
            lag(rows, rule, "95", rule.lag().p95());
            lag(rows, rule, "99", rule.lag().p99());
            return rows;
        });
    }

    private static void lag(List<Row<?>> rows, RuleStatus rule, String percentile, Optional<Duration> value) {
        value.ifPresent(
                time -> rows.add(Row.of(Tags.of("rule", rule.name(), "percentile", percentile), seconds(time))));
    }

    private void state(String name, String description, Function<RuleStatus, Boolean> value) {
        one(name, description, rule -> value.apply(rule) ? 1 : 0);
    }

    private void swept(String name, String description, ToDoubleFunction<RuleStatus.Walk> value) {
        rows(name, description, rule -> {
            List<Row<?>> rows = new ArrayList<>();
            rule.sweep().ifPresent(sweep -> rows.add(Row.of(Tags.of("rule", rule.name()), value.applyAsDouble(sweep))));
            return rows;
        });
    }

    private void one(String name, String description, ToDoubleFunction<RuleStatus> value) {
        rows(name, description, rule -> List.of(Row.of(Tags.of("rule", rule.name()), value.applyAsDouble(rule))));
    }

    private void rows(String name, String description, Function<RuleStatus, List<Row<?>>> rows) {
        refreshers.add(
                new Refresher(MultiGauge.builder(name).description(description).register(registry), rows));
    }

    private static double seconds(Duration time) {
        return time.toNanos() / 1e9;
    }

    /** Shows what was read last, and begins to read what is old, unless that is under way. */
    void refresh(boolean databaseAnswers) {
        if (!databaseAnswers) {
            last = List.of();
            readNanos = System.nanoTime() - EVERY_NANOS;
        } else if (System.nanoTime() - readNanos >= EVERY_NANOS && reading.compareAndSet(false, true)) {
            Thread.ofVirtual().name("tidemill-rule-readings").start(this::read);
        }
        List<RuleStatus> shown = last;
        for (Refresher refresher : refreshers) {
            List<Row<?>> rows = new ArrayList<>();
            shown.stream().limit(MOST_RULES).forEach(rule -> rows.addAll(refresher.rows.apply(rule)));
            refresher.gauge.register(rows, true);
        }
    }

    private void read() {
        try {
            last = rules.get();
            readNanos = System.nanoTime();
        } catch (TidemillException failed) {
            LOG.debug("Reading the rules for the meters failed; trying again.", failed);
        } finally {
            reading.set(false);
        }
    }
}

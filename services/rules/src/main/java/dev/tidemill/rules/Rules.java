package dev.tidemill.rules;

import dev.tidemill.jobs.Diagnosis;
import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.Enqueued;
import dev.tidemill.jobs.JobRequest;
import dev.tidemill.jobs.Priority;
import dev.tidemill.jobs.ScheduleOptions;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Timing;
import dev.tidemill.jobs.Unique;
import dev.tidemill.rules.capture.TriggerCapture;
import dev.tidemill.schema.Migrations;
import dev.tidemill.schema.SchemaException;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import javax.sql.DataSource;
import tools.jackson.databind.json.JsonMapper;

/**
 * When data changes, the right thing happens, once: reactions to writes on the application's own tables, whoever made them.
 *
 * <pre>{@code
 * Rules rules = Rules.on(mill);
 * rules.table("subscription")
 *         .watching("status")
 *         .key("user_id")
 *         .mapped(Subscription.class)
 *         .react("syncSubscriptionStatus", (change, run) -> users.setStatus(run.connection(), change.key(), change.row()));
 * rules.start();
 * }</pre>
 *
 * <p>Triggers note changes in the transaction of the writer. A pump in each process takes them from there, those of a key
 * together and never two at once, and has the reaction run in a transaction that also acknowledges them. Its tables are in the
 * mill's schema. Thread safe; it holds one connection of the mill's data source for each pump, and borrows two more. The mill
 * has to be started, and is closed after this.
 */
public final class Rules implements AutoCloseable {
    /** The beginning of the names of schedules that sweep. */
    private static final String SWEEP = "sweep-";

    /** In whose name changes stand in the audit trail that nobody asked for by name. */
    private static final String PROGRAM = "program";

    private static final JsonMapper JSON = JsonMapper.builder().build();

    private final Tidemill mill;
    private final Database database;
    private final Migrations migrations;
    private final Catalog catalog;
    private final Delivery delivery;
    private final Watch watch = new Watch();
    private final Map<String, LocalRule<?>> defined = new ConcurrentHashMap<>();
    private final Map<String, Installed<?>> installed = new ConcurrentHashMap<>();
    private final Map<String, Meter> meters = new ConcurrentHashMap<>();
    private final StatusReader statuses;
    private final Trial trial;
    private final Sweeps sweeps;
    private final Backfills backfills;
    private final RuleJobs jobs;
    private final Upkeep upkeep;
    private final List<Pump> pumps = new ArrayList<>();
    private final Object lock = new Object();
    private boolean started;
    private boolean closed;

    private Rules(Tidemill mill) {
        this.mill = mill;
        RuleSql sql = new RuleSql(mill.schema());
        this.database = new Database(mill.dataSource(), sql);
        this.migrations = migrations(mill.dataSource(), mill.schema());
        TriggerCapture capture = new TriggerCapture(mill.schema());
        this.catalog = new Catalog(database, capture);
        this.delivery = new Delivery(database, mill, watch, capture.setting());
        this.statuses = new StatusReader(database);
        this.trial = new Trial(database, mill, delivery, watch);
        this.sweeps = new Sweeps(database, catalog, trial);
        this.backfills = new Backfills(database, catalog);
        this.jobs = new RuleJobs(
                database,
                mill,
                delivery,
                watch,
                this::kinds,
                name -> Optional.ofNullable(installed.get(name)),
                sweeps,
                trial);
        this.upkeep = new Upkeep(database, catalog, backfills, installed::values, this::keepInstalled, this::wake);
    }

    /** The rules of a mill's schema. Nothing happens before {@link #start}. */
    public static Rules on(Tidemill mill) {
        return new Rules(mill);
    }

    /**
     * Begins to define a rule.
     *
     * @param name as SQL names it: {@code schema.table}, or a table found by the search path of the data source's connections
     */
    public RuleBuilder<Row> table(String name) {
        return RuleBuilder.on(this, name);
    }

    /**
     * Makes the tables of this service, and triggers for the rules that were defined, and starts to deliver. Rules that are
     * defined later are there at once.
     *
     * <p>Triggers wait 300 ms at a time for their table, and {@code start} some six seconds for all of them of a rule. Where a
     * transaction holds a table for longer, start goes on, {@link #status} says so, and it is tried again every five seconds.
     *
     * @throws RuleException if a rule does not fit its table, or the database refuses
     */
    public Rules start() {
        synchronized (lock) {
            if (closed) {
                throw new RuleException(RuleError.CLOSED, "These rules were closed; make others.");
            }
            if (started) {
                return this;
            }
            migrate(migrations::apply);
            for (LocalRule<?> rule : defined.values()) {
                installOrWait(rule);
            }
            started = true;
            Pump pump = new Pump(database, delivery, installed::values, 1);
            pumps.add(pump);
            pump.start();
            jobs.start();
            upkeep.start();
            return this;
        }
    }

    private interface Migrating {
        void run() throws SQLException;
    }

    private static void migrate(Migrating step) {
        try {
            step.run();
        } catch (SQLException failed) {
            throw Database.unavailable(failed);
        } catch (SchemaException refused) {
            throw new RuleException(RuleError.DATABASE, String.valueOf(refused.getMessage()), refused);
        }
    }

    /** Refuses tables that programs of a former version made, and that lack what is asked of them. */
    void checkTables() {
        migrate(migrations::check);
    }

    <T> Rule define(LocalRule<T> rule) {
        synchronized (lock) {
            if (defined.putIfAbsent(rule.name(), rule) != null) {
                throw new RuleException(
                        RuleError.INVALID,
                        "The rule '" + rule.name() + "' was defined twice; give each rule a name of its own.");
            }
            if (started) {
                try {
                    installOrWait(rule);
                } catch (RuntimeException refused) {
                    defined.remove(rule.name());
                    throw refused;
                }
            }
        }
        return new Rule(this, rule.name(), PROGRAM);
    }

    private void installOrWait(LocalRule<?> rule) {
        try {
            install(rule);
        } catch (RuleException refused) {
            if (refused.code() != RuleError.LOCKED_OUT) {
                throw refused;
            }
            org.slf4j.LoggerFactory.getLogger(Rules.class).warn("{} It is tried again.", refused.getMessage());
        }
    }

    private void install(LocalRule<?> rule) {
        Meter meter = meters.computeIfAbsent(rule.name(), name -> new Meter());
        installed.put(rule.name(), catalog.install(rule, meter));
        if (rule.settings().outside() && !rule.settings().dependsOn().isEmpty()) {
            mill.remote().dependOn(Map.of(rule.kind(), rule.settings().dependsOn()), List.of());
        }
        Timing sweep = rule.settings().sweep();
        if (sweep == null) {
            mill.schedules().remove(SWEEP + rule.name());
        } else {
            mill.schedules()
                    .put(
                            SWEEP + rule.name(),
                            sweep,
                            new JobRequest(LocalRule.SWEEP_KIND + rule.name(), "{}"),
                            ScheduleOptions.NONE);
        }
    }

    /** Installs what could not be, and follows tables that were made anew and whose rules another process repaired. */
    private void keepInstalled() throws SQLException {
        installMissing();
        Map<Integer, Long> tables = catalog.tables();
        for (Installed<?> rule : List.copyOf(installed.values())) {
            Long table = tables.get(rule.id());
            if (table != null && table != rule.reader().table().oid()) {
                // Without the lock, which whoever closes this holds while it waits for upkeep to end.
                installed.replace(rule.rule().name(), rule, catalog.onItsTable(rule));
            }
        }
    }

    private void installMissing() {
        for (LocalRule<?> rule : defined.values()) {
            if (!installed.containsKey(rule.name())) {
                installOrWait(rule);
            }
        }
    }

    private Set<String> kinds() {
        Set<String> kinds = new TreeSet<>();
        installed.values().forEach(rule -> {
            kinds.add(rule.rule().kind());
            kinds.add(LocalRule.SWEEP_KIND + rule.rule().name());
            kinds.add(LocalRule.DRY_RUN_KIND + rule.rule().name());
        });
        return kinds;
    }

    /** Looks for changes at once instead of within 200 ms: for somebody who has just committed some. */
    public void wake() {
        pumps.forEach(Pump::wake);
    }

    /** How all rules of the schema are, by name, those of other programs included. */
    public List<RuleStatus> status() {
        Map<String, LocalRule<?>> here = new HashMap<>(defined);
        List<RuleStatus> found = statuses.read(here.keySet());
        Set<String> names = found.stream().map(RuleStatus::name).collect(Collectors.toSet());
        List<RuleStatus> all = new ArrayList<>(found);
        here.values().stream()
                .filter(rule -> started && !names.contains(rule.name()))
                .forEach(rule -> all.add(
                        RuleStatus.waiting(rule.name(), rule.definition().table())));
        return List.copyOf(all);
    }

    /** What a person should look at, of all rules of the schema; the worst first. */
    public List<RuleAlarm> alarms() {
        return alarmsOf(status());
    }

    /** What a person should look at of these, the worst first; asks nobody. */
    public List<RuleAlarm> alarmsOf(List<RuleStatus> statuses) {
        return RuleAlarm.of(statuses, Instant.now());
    }

    /** A diagnosis with what ails the rules. A schema without rules has nothing to add. */
    public Diagnosis examined(Diagnosis found) {
        List<Diagnosis.Finding> findings = new ArrayList<>(found.findings());
        try {
            alarms().forEach(alarm -> findings.add(alarm.finding()));
        } catch (RuleException refused) {
            List<String> unseen = new ArrayList<>(found.unseen());
            unseen.add("rules: " + refused.getMessage());
            return new Diagnosis(found.at(), found.server(), found.schema(), found.findings(), unseen);
        }
        findings.sort(Comparator.comparing(Diagnosis.Finding::severity).reversed());
        return new Diagnosis(found.at(), found.server(), found.schema(), findings, found.unseen());
    }

    /** What brings the tables of this service up to date in a schema; {@link #start} does it too. */
    public static Migrations migrations(DataSource database, String schema) {
        return new Migrations(database, schema, RuleSql.COMPONENT);
    }

    /** A rule by name, also one that another program defined. */
    public Rule rule(String name) {
        return new Rule(this, name, PROGRAM);
    }

    /**
     * Takes a rule away for good, with its triggers and all that waits for it; false if there is none. A program that still
     * defines it makes it again when it starts.
     *
     * @throws RuleException {@link RuleError#LOCKED_OUT} if a transaction holds the table; nothing was changed then
     */
    public boolean remove(String name) {
        return remove(name, PROGRAM);
    }

    boolean remove(String name, String by) {
        synchronized (lock) {
            boolean there = catalog.remove(name, by);
            mill.schedules().remove(SWEEP + name);
            // In this order: what is defined and not installed is installed by upkeep.
            defined.remove(name);
            installed.remove(name);
            return there;
        }
    }

    Database database() {
        return database;
    }

    Catalog catalog() {
        return catalog;
    }

    Backfills backfills() {
        return backfills;
    }

    Sweeps sweeps() {
        return sweeps;
    }

    Trial trial() {
        return trial;
    }

    StatusReader statuses() {
        return statuses;
    }

    Installed<?> installed(String name) {
        Installed<?> rule = installed.get(name);
        if (rule == null) {
            throw new RuleException(
                    RuleError.NOT_FOUND,
                    "The rule '" + name + "' has no code in this process, or is not started; this needs both.");
        }
        return rule;
    }

    void repair(String name, String by) {
        catalog.refit(name, by);
        Installed<?> here = installed.get(name);
        if (here != null) {
            synchronized (lock) {
                install(here.rule());
            }
        }
    }

    /** Enqueues a job for whoever has the rule's code, with its line in the audit trail; one of a sort at a time. */
    long ask(String name, String by, String action, String kind, Map<String, ?> payload) {
        return database.ask(connection -> {
            catalog.id(connection, name);
            if (database.one(connection, "is_outside", row -> row.getBoolean(1), name)
                    .orElse(false)) {
                throw new RuleException(
                        RuleError.OUTSIDE,
                        "The rule '" + name
                                + "' works outside the database, where nothing can be undone: it is neither tried nor"
                                + " swept.");
            }
            if (kind.equals(LocalRule.DRY_RUN_KIND)
                    && database.one(connection, "only_deletes", row -> row.getBoolean(1), name)
                            .orElse(false)) {
                throw Trial.onlyDeletes(name, "a dry run");
            }
            if (kind.equals(LocalRule.SWEEP_KIND)
                    && database.one(connection, "only_deletes_unqueried", row -> row.getBoolean(1), name)
                            .orElse(false)) {
                throw Trial.onlyDeletes(name, "a sweep");
            }
            Enqueued enqueued = mill.enqueueUnique(
                    connection,
                    new JobRequest(kind + name, JSON.writeValueAsString(payload)),
                    EnqueueOptions.unique(Unique.key(name))
                            .withPriority(Priority.HIGH)
                            .attempts(1)
                            .tag("rule", name));
            if (enqueued.created()) {
                catalog.note(connection, by, action, name, "job " + enqueued.id());
            }
            return enqueued.id();
        });
    }

    /** Ends after what is under way; the last counts are written. Closing twice does nothing. */
    @Override
    public void close() {
        synchronized (lock) {
            if (closed) {
                return;
            }
            closed = true;
            if (started) {
                pumps.forEach(Pump::close);
                jobs.close();
                upkeep.close();
            }
            watch.close();
        }
    }
}

package dev.tidemill.bench;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.rules.Rules;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What noticing a change costs the program that writes: the same updates on three tables that differ in their triggers
 * alone, in turns, several times over. A ratio is how many were done without a trigger in the time in which one was done
 * with it, from the medians of the rounds. Nothing is delivered meanwhile, but where it says so.
 */
final class CaptureCost {
    private static final int ROWS = 100_000;
    private static final int CLIENTS = 4;
    private static final List<String> TABLES = List.of("account_plain", "account_rules", "account_row");

    private final Rig rig;
    private final Figures figures;
    private final RulesBench.Effort effort;
    private final String application;

    /** A way to write: how many rows a statement changes, and how. */
    private record Way(String set, int rows, int clients, boolean durable, boolean inTransaction) {
        Way(String set, int rows, int clients, boolean durable) {
            this(set, rows, clients, durable, false);
        }
    }

    CaptureCost(Rig rig, Figures figures, RulesBench.Effort effort) {
        this.rig = rig;
        this.figures = figures;
        this.effort = effort;
        this.application = RulesBench.application(rig.schema());
    }

    void run() throws InterruptedException {
        TABLES.forEach(this::makeTable);
        makeRest();
        rowTrigger();
        install();
        Way single = new Way("balance = balance + 1, status = ?", 1, CLIENTS, true);
        Map<String, Double> durable = ratios("single-row updates", single);
        figures.put("overhead_single", durable.getOrDefault("account_rules", 0.0), "< 1.15");
        figures.put("overhead_single_row_trigger", durable.getOrDefault("account_row", 0.0), "");
        Map<String, Double> transactions =
                ratios("pgbench's transactions", new Way("balance = balance + 1, status = ?", 1, CLIENTS, true, true));
        figures.put("overhead_transaction", transactions.getOrDefault("account_rules", 0.0), "< 1.15");
        figures.put("overhead_transaction_row_trigger", transactions.getOrDefault("account_row", 0.0), "");
        Map<String, Double> quick =
                ratios("single-row updates without waiting for the disk", new Way(single.set(), 1, CLIENTS, false));
        figures.put("overhead_single_async", quick.getOrDefault("account_rules", 0.0), "");
        figures.put("overhead_single_async_row_trigger", quick.getOrDefault("account_row", 0.0), "");
        Map<String, Double> unwatched = ratios(
                "single-row updates of another column", new Way("balance = balance + length(?)", 1, CLIENTS, true));
        figures.put("overhead_unwatched", unwatched.getOrDefault("account_rules", 0.0), "");
        Map<String, Double> bulk = ratios("updates of 1,000 rows", new Way(single.set(), 1_000, 2, true));
        figures.put("overhead_bulk", bulk.getOrDefault("account_rules", 0.0), "");
        figures.put("overhead_bulk_row_trigger", bulk.getOrDefault("account_row", 0.0), "");
        Map<String, Double> storm = ratios("updates of 20,000 rows", new Way(single.set(), 20_000, 1, true));
        figures.put("overhead_bulk_keys_only", storm.getOrDefault("account_rules", 0.0), "20,000 rows a statement");
        try (Child worker = RulesWorker.start(rig, "cost")) {
            awaitDelivered();
            Map<String, Double> delivered = ratios("single-row updates, delivered meanwhile", single);
            figures.put(
                    "overhead_single_delivered",
                    delivered.getOrDefault("account_rules", 0.0),
                    "a process works beside");
            worker.say("end");
        }
        figures.condition(
                "overhead",
                "time a row with the trigger to that without; medians of " + effort.rounds() + " rounds of "
                        + effort.round().toSeconds() + " s in turns; " + CLIENTS
                        + " clients, 1,000 rows by 2, 20,000 by 1");
        figures.condition(
                "overhead_transaction",
                "the five statements of pgbench's own transaction, of which one updates the watched table");
        figures.condition(
                "row_trigger",
                "AFTER UPDATE FOR EACH ROW WHEN (old.status IS DISTINCT FROM new.status), plpgsql, one insert");
    }

    private void makeTable(String table) {
        rig.target()
                .execute("create table " + application + "." + table
                        + " (id bigint primary key, branch int not null, balance bigint not null, status text not null,"
                        + " filler char(84) not null default '') with (fillfactor = 80)");
        rig.target()
                .execute("insert into " + application + "." + table
                        + " (id, branch, balance, status) select n, n % 10, 0, 'new' from generate_series(1, " + ROWS
                        + ") n");
        rig.target().execute("vacuum analyze " + application + "." + table);
    }

    /** What a transaction of pgbench (TPC-B-like) touches besides the account. */
    private void makeRest() {
        for (String table : List.of("teller", "branch")) {
            rig.target()
                    .execute("create table " + application + "." + table
                            + " (id int primary key, balance bigint not null, filler char(84) not null default '')"
                            + " with (fillfactor = 50)");
            rig.target()
                    .execute("insert into " + application + "." + table
                            + " (id, balance) select n, 0 from generate_series(1, 100) n");
            rig.target().execute("vacuum analyze " + application + "." + table);
        }
        rig.target()
                .execute("create table " + application
                        + ".history (teller int not null, branch int not null, account bigint not null,"
                        + " at timestamptz not null default now(), filler char(22))");
    }

    private void rowTrigger() {
        Target target = rig.target();
        target.execute(
                "create table " + application + ".row_log (number bigint generated always as identity primary key,"
                        + " id bigint not null, old_status text, new_status text, at timestamptz not null default now())");
        target.execute("create function " + application
                + ".log_row() returns trigger language plpgsql as $$ begin insert into "
                + application + ".row_log (id, old_status, new_status) values (new.id, old.status, new.status);"
                + " return null; end $$");
        target.execute("create trigger log_row after update on " + application + ".account_row for each row"
                + " when (old.status is distinct from new.status) execute function " + application + ".log_row()");
    }

    /** Puts the rule's triggers in place and leaves: changes are noticed and wait. */
    private void install() {
        try (Tidemill mill = rig.mill();
                Rules rules = Rules.on(mill)) {
            RulesWorker.define(rules, application, "cost");
            rules.start();
        }
    }

    private void awaitDelivered() throws InterruptedException {
        long end = System.nanoTime() + Duration.ofMinutes(3).toNanos();
        while (rig.target().number("select count(*) from " + rig.schema() + ".rule_change") > 0) {
            if (System.nanoTime() - end > 0) {
                throw new IllegalStateException("What had been noticed was not delivered within three minutes.");
            }
            Thread.sleep(200);
        }
    }

    private Map<String, Double> ratios(String what, Way way) throws InterruptedException {
        rig.say(what + ", with and without triggers");
        Map<String, List<Double>> measured = new LinkedHashMap<>();
        TABLES.forEach(table -> measured.put(table, new ArrayList<>()));
        for (int round = -1; round < effort.rounds(); round++) {
            for (int turn = 0; turn < TABLES.size(); turn++) {
                String table = TABLES.get((turn + Math.max(0, round)) % TABLES.size());
                double perSecond = write(table, way);
                if (round >= 0) {
                    measured.getOrDefault(table, new ArrayList<>()).add(perSecond);
                }
            }
        }
        double plain = median(measured.getOrDefault("account_plain", List.of()));
        Map<String, Double> ratios = new LinkedHashMap<>();
        measured.forEach((table, rates) -> ratios.put(table, HistoryBench.ratio(plain, median(rates))));
        figures.condition(what + ", rows a second", Rig.grouped((long) plain) + " without a trigger");
        return ratios;
    }

    private static double median(List<Double> values) {
        double[] sorted =
                values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        return sorted[sorted.length / 2];
    }

    /** Rows a second. */
    private double write(String table, Way way) throws InterruptedException {
        AtomicLong rows = new AtomicLong();
        List<Throwable> failures = new ArrayList<>();
        long end = System.nanoTime() + effort.round().toNanos();
        long[] ended = new long[way.clients()];
        List<Thread> clients = new ArrayList<>();
        long start = System.nanoTime();
        for (int number = 0; number < way.clients(); number++) {
            int client = number;
            clients.add(Thread.ofPlatform().start(() -> {
                try {
                    rows.addAndGet(update(table, way, client, end));
                } catch (SQLException failed) {
                    synchronized (failures) {
                        failures.add(failed);
                    }
                }
                ended[client] = System.nanoTime();
            }));
        }
        for (Thread client : clients) {
            client.join();
        }
        if (!failures.isEmpty()) {
            throw new IllegalStateException("The database refused a write.", failures.getFirst());
        }
        return rows.get() / ((Arrays.stream(ended).max().orElse(end) - start) / 1e9);
    }

    /** Each client has rows of its own, so that none waits for another's lock. */
    private long update(String table, Way way, int client, long end) throws SQLException {
        int share = ROWS / way.clients();
        long rows = 0;
        try (Connection connection = rig.target().dataSource().getConnection();
                Statement setting = connection.createStatement();
                PreparedStatement statement = connection.prepareStatement(
                        "update " + application + "." + table + " set " + way.set() + " where id between ? and ?")) {
            if (!way.durable()) {
                setting.execute("set synchronous_commit = off");
            }
            connection.setAutoCommit(!way.inTransaction());
            ThreadLocalRandom random = ThreadLocalRandom.current();
            for (long turn = 0; System.nanoTime() - end < 0; turn++) {
                long first = 1L + (long) client * share + random.nextInt(Math.max(1, share - way.rows()));
                statement.setString(1, "s" + client + "-" + (turn & 1_023));
                statement.setLong(2, first);
                statement.setLong(3, first + way.rows() - 1);
                rows += statement.executeUpdate();
                if (way.inTransaction()) {
                    rest(connection, table, client, first);
                }
            }
            connection.setAutoCommit(true);
            if (!way.durable()) {
                setting.execute("reset synchronous_commit");
            }
        }
        return rows;
    }

    /** The other four statements, and the commit. */
    private void rest(Connection connection, String table, int client, long account) throws SQLException {
        int branch = client + 1;
        int teller = branch * 10 + ThreadLocalRandom.current().nextInt(10);
        execute(connection, "select balance from " + application + "." + table + " where id = ?", account);
        execute(connection, "update " + application + ".teller set balance = balance + 1 where id = ?", teller);
        execute(connection, "update " + application + ".branch set balance = balance + 1 where id = ?", branch);
        execute(
                connection,
                "insert into " + application + ".history (teller, branch, account) values (?, ?, ?)",
                teller,
                branch,
                account);
        connection.commit();
    }

    /** The driver keeps what it prepared. */
    private static void execute(Connection connection, String sql, long... values) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < values.length; i++) {
                statement.setLong(i + 1, values[i]);
            }
            statement.execute();
        }
    }
}

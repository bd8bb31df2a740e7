package dev.tidemill.rules;

import dev.tidemill.rules.capture.Capture;
import dev.tidemill.rules.capture.Definition;
import dev.tidemill.rules.capture.DefinitionCodec;
import dev.tidemill.rules.capture.TableShape;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Rules as the database has them: puts them there with their triggers, looks after those, takes them away. Thread safe. */
final class Catalog {
    private static final Logger LOG = LoggerFactory.getLogger(Catalog.class);
    private static final String LOCK_TIMEOUT = "55P03";
    private static final Duration PAUSE = Duration.ofMillis(300);
    private static final int TRIES = 10;
    private static final String ITSELF = "engine";
    private static final String WELL = "rule-well";

    private final Database database;
    private final Capture capture;
    private final DefinitionCodec codec = new DefinitionCodec();

    Catalog(Database database, Capture capture) {
        this.database = database;
        this.capture = capture;
    }

    /**
     * Puts a rule and makes its triggers.
     *
     * @throws RuleException {@link RuleError#LOCKED_OUT} if a transaction keeps the table; nothing was changed
     */
    <T> Installed<T> install(LocalRule<T> rule, Meter meter) {
        return patiently(
                "The triggers of the rule '" + rule.name() + "' on "
                        + rule.definition().table(),
                connection -> {
                    TableShape table =
                            TableShape.read(connection, rule.definition().table());
                    capture.check(connection, rule.name(), rule.definition(), table);
                    SqlReaction.understood(connection, rule);
                    Optional<Former> former = database.one(
                            connection, "former", row -> new Former(row.getString(1), row.getBoolean(2)), rule.name());
                    database.update(connection, "rewind", rule.name(), table.oid());
                    int id = database.one(
                                    connection,
                                    "put_rule",
                                    row -> row.getInt(1),
                                    rule.name(),
                                    table.name(),
                                    table.oid(),
                                    codec.write(rule.definition()),
                                    rule.gather().toMillis(),
                                    rule.settings().outside(),
                                    rule.settings().expecting() != null)
                            .orElseThrow();
                    database.update(connection, "put_shards", id);
                    capture.fit(connection, table.name());
                    if (former.isPresent() && !former.get().table.equals(table.name())) {
                        capture.fit(connection, former.get().table);
                    }
                    if (former.isPresent() && former.get().broken) {
                        note(connection, ITSELF, WELL, rule.name(), "A program defined it again.");
                    }
                    return new Installed<>(id, rule, reader(id, rule, table), meter);
                });
    }

    private record Former(String table, boolean broken) {}

    /** Makes a rule's triggers again from what the database has of it: the code may be elsewhere. */
    void refit(String name, String by) {
        patiently("The triggers of the rule '" + name + "'", connection -> {
            id(connection, name);
            Stored stored = database.one(
                            connection,
                            "stored",
                            row -> new Stored(row.getInt(1), row.getString(2), row.getString(3)),
                            name)
                    .orElseThrow();
            Definition definition = codec.read(stored.definition);
            TableShape table = TableShape.read(connection, stored.table);
            capture.check(connection, name, definition, table);
            database.update(connection, "rewind", name, table.oid());
            database.update(connection, "refit", table.oid(), stored.id);
            capture.fit(connection, stored.table);
            note(connection, by, "rule-repair", name, stored.table);
            return true;
        });
    }

    private record Stored(int id, String table, String definition) {}

    /** A line in the audit trail, in the transaction of what it is about. */
    void note(Connection connection, String by, String action, String rule, String detail) throws SQLException {
        database.run(connection, "note", by, action, "RULE " + rule, detail);
    }

    /** Takes a rule away, with all that was kept for it; false if there is none. */
    boolean remove(String name, String by) {
        return patiently("The triggers of the rule '" + name + "'", connection -> {
            if (!areThere(connection)) {
                return false;
            }
            Optional<Map.Entry<Integer, String>> gone =
                    database.one(connection, "remove_rule", row -> Map.entry(row.getInt(1), row.getString(2)), name);
            if (gone.isEmpty()) {
                return false;
            }
            database.update(connection, "remove_all", gone.get().getKey());
            capture.fit(connection, gone.get().getValue());
            note(connection, by, "rule-remove", name, gone.get().getValue());
            return true;
        });
    }

    private <T> T patiently(String what, Database.Work<T> work) {
        for (int tried = 1; ; tried++) {
            try {
                return database.transaction(connection -> {
                    database.run(connection, "turn");
                    database.run(connection, "patience");
                    return work.on(connection);
                });
            } catch (SQLException failed) {
                if (!LOCK_TIMEOUT.equals(failed.getSQLState())) {
                    throw Database.unavailable(failed);
                }
                if (tried == TRIES) {
                    throw new RuleException(
                            RuleError.LOCKED_OUT,
                            what + " did not get the lock in " + TRIES
                                    + " tries of 300 ms: a transaction holds the table."
                                    + " End it (select pid, state, query from pg_stat_activity order by xact_start).",
                            failed);
                }
                LockSupport.parkNanos(PAUSE.toNanos());
            }
        }
    }

    /** Looks whether changes may go unnoticed, and writes down why; when that begins and ends stands in the audit trail. */
    void audit() throws SQLException {
        Map<Integer, String> ailing = database.transaction(capture::audit);
        database.transaction(connection -> {
            Map<Integer, String> names = new LinkedHashMap<>();
            database.list(connection, "rule_names", row -> names.put(row.getInt(1), row.getString(2)));
            for (Map.Entry<Integer, String> rule : names.entrySet()) {
                String why = ailing.get(rule.getKey());
                if (why == null) {
                    mend(connection, rule.getKey(), rule.getValue());
                } else {
                    breaks(connection, rule.getKey(), rule.getValue(), why);
                }
            }
            return true;
        });
    }

    private void mend(Connection connection, int id, String name) throws SQLException {
        if (database.update(connection, "mend", id) > 0) {
            LOG.info("The rule {} is well again.", name);
            note(connection, ITSELF, WELL, name, "");
        }
    }

    private void breaks(Connection connection, int id, String name, String why) throws SQLException {
        Optional<Boolean> begins = database.one(connection, "break", row -> row.getBoolean(1), id, why, why);
        if (begins.isPresent()) {
            LOG.warn("The rule {} may miss changes: {}", name, why);
        }
        if (begins.orElse(false)) {
            note(connection, ITSELF, "rule-broken", name, why);
        }
    }

    /** Which table each rule was last seen on. */
    Map<Integer, Long> tables() throws SQLException {
        return database.transaction(connection ->
                database.list(connection, "tables", row -> Map.entry(row.getInt(1), row.getLong(2))).stream()
                        .collect(Collectors.toMap(Map.Entry::getKey, Map.Entry::getValue)));
    }

    /** The same rule on its table as that is now: another process made its triggers anew. */
    <T> Installed<T> onItsTable(Installed<T> rule) throws SQLException {
        TableShape table = database.transaction(
                connection -> TableShape.read(connection, rule.reader().table().name()));
        return new Installed<>(rule.id(), rule.rule(), reader(rule.id(), rule.rule(), table), rule.meter());
    }

    private RowReader reader(int id, LocalRule<?> rule, TableShape table) {
        return new RowReader(table, rule.definition(), capture.condition(id, rule.definition()));
    }

    /** Says that this process has the code of these. */
    void served(Collection<Integer> rules) throws SQLException {
        database.transaction(
                connection -> database.update(connection, "served", connection.createArrayOf("int4", rules.toArray())));
    }

    boolean pause(String name, boolean value, String by) {
        return database.ask(connection -> {
            id(connection, name);
            boolean changed = database.update(connection, "pause", value, name, value) > 0;
            if (changed) {
                note(connection, by, value ? "rule-pause" : "rule-resume", name, "");
            }
            return changed;
        });
    }

    /** Whether there are tables of rules in the schema at all. */
    private boolean areThere(Connection connection) throws SQLException {
        return database.one(connection, "are_there", row -> row.getBoolean(1)).orElse(false);
    }

    int id(Connection connection, String name) throws SQLException {
        if (!areThere(connection)) {
            throw new RuleException(
                    RuleError.NOT_FOUND, "There is no rule '" + name + "', and no other in this schema.");
        }
        return database.one(connection, "rule_id", row -> row.getInt(1), name)
                .orElseThrow(() -> new RuleException(
                        RuleError.NOT_FOUND, "There is no rule '" + name + "'; Rules.status() lists those there are."));
    }
}

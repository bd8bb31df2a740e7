package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.tidemill.rules.Site.Sub;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** What is noticed, and that noticing never harms the writer. */
@ExtendWith(FreshSchema.class)
class CaptureTest {
    private final TestDatabase database;
    private Site site;
    private Rules rules;

    CaptureTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
    }

    @AfterEach
    void close() throws Exception {
        site.close();
    }

    private static String word(Change<Sub> change) {
        Sub old = change.old();
        Sub now = change.now();
        return change.kind() + " " + (old == null ? "-" : old.status()) + ">" + (now == null ? "-" : now.status());
    }

    private Rule noting() {
        Rule rule = site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), word(change)));
        rules.start();
        return rule;
    }

    @Test
    void rowsThatComeChangeAndGoAreReactedTo() throws Exception {
        noting();
        site.run("insert into {s}.sub values (1, 10, 'trial', 'x')");
        site.drained();
        site.run("update {s}.sub set status = 'active' where id = 1");
        site.drained();
        site.run("delete from {s}.sub where id = 1");
        site.drained();
        assertThat(site.noted()).containsExactly("10:INSERT ->trial", "10:UPDATE trial>active", "10:DELETE active>-");
    }

    @Test
    void columnsThatAreNotWatchedAreNotNoticedAndRowsWithoutAKeyArePassedOver() throws Exception {
        noting();
        site.run("insert into {s}.sub values (1, 10, 'trial', 'x'), (2, null, 'trial', 'x')");
        site.run("update {s}.sub set note = 'y'");
        site.run("update {s}.sub set status = status");
        site.drained();
        assertThat(site.noted()).containsExactly("10:INSERT ->trial");
        assertThat(site.number("select last_value from {s}.rule_change_id")).isPositive();
    }

    @Test
    void aRowThatGetsAnotherKeyLeavesOneAndComesToTheOther() throws Exception {
        noting();
        site.run("insert into {s}.sub values (1, 10, 'trial', 'x')");
        site.drained();
        site.run("update {s}.sub set user_id = 11");
        site.drained();
        assertThat(site.noted())
                .containsExactlyInAnyOrder("10:INSERT ->trial", "10:DELETE trial>-", "11:INSERT ->trial");
    }

    @Test
    void aRowThatGetsAnotherPrimaryKeyIsAnotherRow() throws Exception {
        noting();
        site.run("insert into {s}.sub values (1, 10, 'trial', 'x')");
        site.drained();
        site.run("update {s}.sub set id = 2");
        site.drained();
        assertThat(site.noted())
                .containsExactlyInAnyOrder("10:INSERT ->trial", "10:DELETE trial>-", "10:INSERT ->trial");
    }

    @Test
    void rowsChangedTogetherAreNoticedAsRowsChangedOneByOne() throws Exception {
        noting();
        String change = "update {s}.sub set id = id + case when note = 'id' then 100 else 0 end,"
                + " user_id = case note when 'key' then user_id + 1 when 'lost' then null when 'found' then 60 else user_id end,"
                + " status = case note when 'status' then 'active' else status end";
        String[] rows = {
            "(1, 10, 'trial', 'id')",
            "(2, 20, 'trial', 'key')",
            "(3, 30, 'trial', 'status')",
            "(4, 40, 'trial', 'lost')",
            "(5, null, 'trial', 'found')",
            "(6, 50, 'trial', 'nothing')"
        };
        String[] noticed = {
            "10:DELETE trial>-",
            "10:INSERT ->trial",
            "20:DELETE trial>-",
            "21:INSERT ->trial",
            "30:UPDATE trial>active",
            "40:DELETE trial>-",
            "60:INSERT ->trial"
        };

        fill(rows);
        site.run(change);
        site.drained();
        assertThat(site.noted()).containsExactlyInAnyOrder(noticed);

        fill(rows);
        for (int id = 1; id <= rows.length; id++) {
            site.run(change + " where id = " + id);
        }
        site.drained();
        assertThat(site.noted()).containsExactlyInAnyOrder(noticed);
    }

    private void fill(String... rows) throws Exception {
        site.run("delete from {s}.sub; insert into {s}.sub values " + String.join(", ", rows));
        site.drained();
        site.run("delete from {s}.seen");
    }

    @Test
    void anUpsertIsNoticedForWhatItDoes() throws Exception {
        noting();
        site.run("insert into {s}.sub values (1, 10, 'trial', 'x')");
        site.drained();
        site.run("insert into {s}.sub values (1, 10, 'active', 'x'), (2, 20, 'new', 'x')"
                + " on conflict (id) do update set status = excluded.status");
        site.drained();
        assertThat(site.noted())
                .containsExactlyInAnyOrder("10:INSERT ->trial", "10:UPDATE trial>active", "20:INSERT ->new");
    }

    @Test
    void ofAStatementThatChangesVeryManyRowsOnlyKeysAreKept() throws Exception {
        site.subs(rules)
                .keysOnlyBeyond(100)
                .react(
                        "note",
                        (change, run) -> site.note(
                                run, change.key(), change.kind() + " " + change.keysOnly() + " " + change.now()));
        rules.table(site.sql("{s}.sub"))
                .watching("status")
                .key("id")
                .mapped(Sub.class)
                .react("byId", (change, run) -> site.note(run, "id" + change.key(), word(change)));
        rules.start();
        rules.rule("note").pause();
        rules.rule("byId").pause();
        site.run("insert into {s}.sub select g, g % 5, 'trial', 'x' from generate_series(1, 200) g");
        assertThat(site.number("select count(*) from {s}.rule_change where op = 'k' and old is null and new is null"))
                .as("five keys of one rule, two hundred of the other")
                .isEqualTo(205);
        rules.rule("note").resume();
        rules.rule("byId").resume();
        site.drained();
        assertThat(site.noted()).hasSize(205).contains("3:CURRENT true null", "id77:CURRENT ->trial");
    }

    @Test
    void atTheBoundNothingIsLost() throws Exception {
        site.subs(rules).keysOnlyBeyond(100).react("note", (change, run) -> site.note(run, change.key(), word(change)));
        rules.start();
        site.run("insert into {s}.sub select g, g, 'trial', 'x' from generate_series(1, 100) g");
        site.drained();
        assertThat(site.noted()).hasSize(100).contains("100:INSERT ->trial");
    }

    @Test
    void withABoundOfZeroOnlyTheKeyOfASingleRowIsKept() throws Exception {
        site.subs(rules).keysOnlyBeyond(0).react("note", (change, run) -> site.note(run, change.key(), word(change)));
        rules.start();
        rules.rule("note").pause();
        site.run("insert into {s}.sub values (1, 10, 'trial', 'x')");
        site.run("update {s}.sub set status = 'active'");
        site.run("update {s}.sub set note = 'y'");
        assertThat(site.number("select count(*) from {s}.rule_change where op = 'k' and old is null and new is null"))
                .isEqualTo(2);
        assertThat(site.number("select count(*) from {s}.rule_change")).isEqualTo(2);
        rules.rule("note").resume();
        site.drained();
    }

    @Test
    void truncateIsADeleteOfEachRow() throws Exception {
        noting();
        site.run("insert into {s}.sub values (1, 10, 'trial', 'x'), (2, 20, 'active', 'x')");
        site.drained();
        site.run("truncate {s}.sub");
        site.drained();
        assertThat(site.noted()).contains("10:DELETE trial>-", "20:DELETE active>-");
    }

    @Test
    void aSessionInTheRoleOfAReplicaIsNoticedToo() throws Exception {
        noting();
        try (Connection connection = site.begin()) {
            site.run(connection, "set session_replication_role = replica");
            site.run(connection, "insert into {s}.sub values (1, 10, 'trial', 'x')");
            connection.commit();
        }
        site.drained();
        assertThat(site.noted()).containsExactly("10:INSERT ->trial");
    }

    @Test
    void whatIsRolledBackNeverHappened() throws Exception {
        noting();
        try (Connection connection = site.begin()) {
            site.run(connection, "insert into {s}.sub values (1, 10, 'trial', 'x')");
            connection.rollback();
        }
        site.run("insert into {s}.sub values (2, 20, 'trial', 'x')");
        site.drained();
        assertThat(site.noted()).containsExactly("20:INSERT ->trial");
    }

    @Test
    void aWriterNeedsNoRightOnOurTables() throws Exception {
        noting();
        String role = "w_" + database.schema();
        site.run("create role \"" + role + "\"");
        try {
            site.run("grant usage on schema {s} to \"" + role + "\"; grant insert on {s}.sub to \"" + role + "\"");
            try (Connection connection = site.begin()) {
                site.run(connection, "set local role \"" + role + "\"");
                site.run(connection, "insert into {s}.sub values (1, 10, 'trial', 'x')");
                connection.commit();
            }
            site.drained();
            assertThat(site.noted()).containsExactly("10:INSERT ->trial");
        } finally {
            site.run("drop owned by \"" + role + "\"; drop role \"" + role + "\"");
        }
    }

    @Test
    void aConditionInTheTriggerKeepsChangesOutAndNeverFailsAWriter() throws Exception {
        site.subs(rules)
                .whenSql("new.status <> 'draft' and 10 / new.id > 0")
                .react("note", (change, run) -> site.note(run, change.key(), word(change)));
        rules.start();
        site.run("insert into {s}.sub values (1, 10, 'draft', 'x'), (2, 20, 'live', 'x'), (0, 30, 'odd', 'x')");
        site.drained();
        assertThat(site.noted()).containsExactlyInAnyOrder("20:INSERT ->live", "30:INSERT ->odd");
    }

    @Test
    void aConditionThatMakesNoSenseIsRefusedAtTheStart() {
        site.subs(rules).whenSql("new.colour = 'red'").react("note", (change, run) -> {});
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(rules::start)
                .withMessageContaining("new.colour = 'red'")
                .withMessageContaining("note");
    }

    @Test
    void tablesThatDoNotSuitAreRefusedWithTheReason() throws Exception {
        site.run(
                "drop table if exists {s}.plain; drop view if exists {s}.view; create table {s}.plain (a integer, at timestamptz);"
                        + " create view {s}.view as select 1 as a");
        rules.start();
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(() -> rules.table(site.sql("{s}.plain"))
                        .watching("a")
                        .key("a")
                        .react("one", (change, run) -> {}))
                .withMessageContaining("no primary key");
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(() ->
                        rules.table(site.sql("{s}.view")).watching("a").key("a").react("two", (change, run) -> {}))
                .withMessageContaining("view");
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(() ->
                        rules.table("no_such_table").watching("a").key("a").react("three", (change, run) -> {}))
                .withMessageContaining("no_such_table");
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(() -> rules.table(site.sql("{s}.sub"))
                        .watching("colour")
                        .key("id")
                        .react("four", (change, run) -> {}))
                .withMessageContaining("colour");
        site.run("alter table {s}.plain add primary key (a)");
        assertThatExceptionOfType(RuleException.class)
                .isThrownBy(() -> rules.table(site.sql("{s}.plain"))
                        .watching("a")
                        .key("at")
                        .react("five", (change, run) -> {}))
                .withMessageContaining("timestamp with time zone");
        assertThat(rules.status()).isEmpty();
    }

    @Test
    void allColumnsOfAWideTableWithOddNamesCanBeWatched() throws Exception {
        StringBuilder columns = new StringBuilder();
        for (int i = 0; i < 120; i++) {
            columns.append(", \"Column ").append(i).append(" it's\" integer");
        }
        site.run("drop table if exists {s}.\"Wide One\"; create table {s}.\"Wide One\" (a text, b integer" + columns
                + ", chain text, own text, rows text, more text, key text, x text, t text, s text, d text, o text, n text, j text, r text,"
                + " old text, new text, op text, id text, o_id text, n_doc_1 text"
                + ", doc json, point point, primary key (a, b))");
        rules.table(site.sql("{s}.\"Wide One\""))
                .watchingAll()
                .key("a")
                .react(
                        "wide",
                        (change, run) -> site.note(
                                run,
                                change.key(),
                                change.kind() + " " + change.row().text("Column 119 it's")));
        rules.start();
        site.run("insert into {s}.\"Wide One\" (a, b, doc, point) values ('k', 1, '{\"x\": 1}', '(1,2)')");
        site.drained();
        site.run("update {s}.\"Wide One\" set \"Column 119 it's\" = 7");
        site.drained();
        site.run("update {s}.\"Wide One\" set doc = '{\"x\":  1}'");
        site.run("truncate {s}.\"Wide One\"");
        site.drained();
        assertThat(site.noted()).containsExactly("k:INSERT null", "k:UPDATE 7", "k:DELETE 7");
    }

    @Test
    void severalRulesShareTheTriggersOfATableAndRemovingOneLeavesTheOther() throws Exception {
        noting();
        rules.table(site.sql("{s}.sub"))
                .watching("note")
                .key("id")
                .react("other", (change, run) -> site.note(run, "other" + change.key(), String.valueOf(change.kind())));
        site.run("insert into {s}.sub values (1, 10, 'trial', 'x')");
        site.drained();
        assertThat(site.noted()).containsExactlyInAnyOrder("10:INSERT ->trial", "other1:INSERT");
        assertThat(rules.remove("other")).isTrue();
        site.run("update {s}.sub set note = 'y', status = 'active'");
        site.drained();
        assertThat(site.noted()).hasSize(3).contains("10:UPDATE trial>active");
        assertThat(rules.remove("note")).isTrue();
        assertThat(rules.remove("note")).isFalse();
        assertThat(site.number("select count(*) from pg_trigger where tgrelid = '{s}.sub'::regclass"))
                .isZero();
        assertThat(site.number("select count(*) from {s}.rule_shard")).isZero();
    }

    @Test
    void whatATransactionWroteWhileItsRuleWasRemovedIsForgotten() throws Exception {
        noting();
        site.subs(rules).react("other", (change, run) -> {});
        rules.start();
        rules.rule("other").pause();
        String left =
                "select count(*) from {s}.rule_change c where not exists (select from {s}.rule r where r.id = c.rule)";
        try (Connection connection = site.begin()) {
            site.run(connection, "insert into {s}.sub values (1, 10, 'trial', 'x')");
            rules.remove("other");
            try (var rows = connection.createStatement().executeQuery(site.sql(left))) {
                rows.next();
                assertThat(rows.getInt(1)).isEqualTo(1);
            }
            connection.commit();
        }
        // The first thing that any process does, and then every hour.
        Rules anew = site.rules();
        site.subs(anew).react("note", (change, run) -> {});
        anew.start();
        Site.soon().until(() -> site.number(left) == 0);
    }

    @Test
    void aTransactionThatHoldsTheTableDelaysTheTriggersAndNobodyElse() throws Exception {
        site.subs(rules).react("note", (change, run) -> site.note(run, change.key(), word(change)));
        try (Connection holder = site.begin()) {
            site.run(holder, "insert into {s}.sub values (1, 10, 'trial', 'x')");
            rules.start();
            RuleStatus status = rules.rule("note").status();
            assertThat(status.state()).isEqualTo(RuleState.BROKEN);
            assertThat(status.reason()).contains("holds the table");
            holder.commit();
        }
        Site.soon().until(() -> rules.rule("note").status().state() == RuleState.ACTIVE);
        site.run("insert into {s}.sub values (2, 20, 'trial', 'x')");
        site.drained();
        assertThat(site.noted()).isEqualTo(List.of("20:INSERT ->trial"));
    }
}

package dev.tidemill.server;

import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.Tidemill;
import dev.tidemill.jobs.Timing;
import dev.tidemill.rules.RuleState;
import dev.tidemill.rules.RuleStatus;
import dev.tidemill.rules.Rules;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;

/**
 * Rules with something of everything that pages show: one that is well and swept, with drift of every cause; keys that failed,
 * two rules that fight, one that reacts to itself, a storm; a column that was renamed, a table made anew, one that is
 * paused, one that nobody has the code of.
 */
final class BusyRules implements AutoCloseable {
    private static final Duration SOON = Duration.ofSeconds(40);

    private final TestDatabase database;
    private final Rules rules;
    private final Rules gone;

    BusyRules(TestDatabase database, Tidemill mill) {
        this.database = database;
        this.rules = Rules.on(mill);
        this.gone = Rules.on(mill);
    }

    void run(String sql) {
        try (Connection connection = database.dataSource().getConnection();
                Statement statement = connection.createStatement()) {
            statement.execute(sql(sql));
        } catch (SQLException failed) {
            throw new IllegalStateException(failed);
        }
    }

    private String sql(String text) {
        return text.replace("{s}", database.schema());
    }

    private void on(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql(sql));
        }
    }

    RuleStatus of(String name) {
        return rules.rule(name).status();
    }

    /** Makes the tables and the rules, and everything happen. */
    void fill() {
        for (String table : new String[] {"piece", "fight", "self", "renamed", "anew", "held", "lost"}) {
            run("create table {s}." + table + " (id bigint primary key, state text)");
        }
        run("create table {s}.copy (id bigint primary key, state text)");
        rules.table(sql("{s}.piece"))
                .watching("state")
                .key("id")
                .attempts(1)
                .keysOnlyBeyond(1_000)
                .sweeping(Timing.every(Duration.ofDays(1)), 3)
                .react("copy", (change, run) -> {
                    if (change.keyAsLong() % 1_000 == 13) {
                        throw new IllegalStateException("thirteen brings bad luck");
                    }
                    on(
                            run.connection(),
                            "insert into {s}.copy select id, state from {s}.piece where id = " + change.key()
                                    + " on conflict (id) do update set state = excluded.state"
                                    + " where copy.state is distinct from excluded.state");
                });
        fights("up", "down");
        fights("down", "up");
        rules.table(sql("{s}.self"))
                .watching("state")
                .key("id")
                .ownWrites()
                .react(
                        "loops",
                        (change, run) -> on(
                                run.connection(),
                                "update {s}.self set state = state || '!' where id = " + change.key()));
        rules.table(sql("{s}.renamed")).watching("state").key("id").react("renamed-column", (change, run) -> {});
        rules.table(sql("{s}.anew")).watching("state").key("id").react("made-anew", (change, run) -> {});
        rules.table(sql("{s}.held")).watching("state").key("id").react("paused", (change, run) -> {});
        rules.start();
        gone.table(sql("{s}.lost")).watching("state").key("id").react("nobody", (change, run) -> {});
        gone.start();
        gone.close();
        happen();
    }

    private void fights(String name, String other) {
        rules.table(sql("{s}.fight"))
                .watching("state")
                .key("id")
                .react(
                        name,
                        (change, run) -> on(
                                run.connection(),
                                "update {s}.fight set state = '" + name + "' where state = '" + other + "' and id = "
                                        + change.key()));
    }

    private void happen() {
        rules.rule("paused").pause();
        run("insert into {s}.held values (1, 'waits')");
        run("insert into {s}.piece select g, 'a' from generate_series(1, 1100) g");
        run("insert into {s}.fight values (1, 'up')");
        run("insert into {s}.self values (1, 'x')");
        run("alter table {s}.renamed rename column state to status; insert into {s}.renamed values (1, 'a')");
        run("drop table {s}.anew; create table {s}.anew (id bigint primary key, state text)");
        run("insert into {s}.lost select g, 'a' from generate_series(1, 3) g");
        await().atMost(SOON).until(() -> of("copy").parked() == 2 && of("copy").pending() == 0);
        run("update {s}.copy set state = 'edited' where id in (1, 2)");
        run("alter table {s}.piece disable trigger all; update {s}.piece set state = 'unseen' where id in (3, 4);");
        rules.rule("copy").sweep();
        rules.rule("copy").repair();
        await().atMost(SOON)
                .until(() -> of("renamed-column").state() == RuleState.BROKEN
                        && of("made-anew").state() == RuleState.BROKEN
                        && of("up").parked() + of("down").parked() > 0
                        && of("loops").parked() == 1
                        && of("copy").lag().p99().isPresent());
        run("update {s}.rule set served = now() - interval '10 minutes' where name = 'nobody';"
                + " update {s}.rule_change set written = now() - interval '10 minutes'"
                + " where rule = (select id from {s}.rule where name = 'nobody')");
    }

    @Override
    public void close() {
        rules.close();
        gone.close();
    }
}

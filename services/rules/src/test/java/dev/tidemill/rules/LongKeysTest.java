package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A key that fails is parked however long it is: a page of an index has room for 2.7 kB of what does not compress. */
@ExtendWith(FreshSchema.class)
class LongKeysTest {
    private static final String LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789\\'\"é";

    private final TestDatabase database;
    private final AtomicBoolean sick = new AtomicBoolean(true);
    private Site site;
    private Rules rules;

    LongKeysTest(TestDatabase database) {
        this.database = database;
    }

    @BeforeEach
    void open() throws Exception {
        site = new Site(database);
        rules = site.rules();
        site.run("create table {s}.pair (id bigint primary key, name text, what text)");
    }

    @AfterEach
    void close() throws Exception {
        site.close();
    }

    /** Text in which nothing repeats, so that no compression makes it short. */
    private static String random(int length) {
        return new Random(length)
                .ints(length, 0, LETTERS.length())
                .mapToObj(LETTERS::charAt)
                .collect(StringBuilder::new, StringBuilder::append, StringBuilder::append)
                .toString();
    }

    private void insert(int id, String name) throws SQLException {
        try (Connection connection = database.dataSource().getConnection();
                PreparedStatement statement = connection.prepareStatement(
                        site.sql("insert into {s}.pair values (?, ?, 'new') on conflict (id) do update"
                                + " set name = excluded.name, what = 'later'"))) {
            statement.setInt(1, id);
            statement.setString(2, name);
            statement.executeUpdate();
        }
    }

    /** A rule by name, whose long names fail while it is sick. */
    private Rule define(int attempts) {
        return rules.table(site.sql("{s}.pair"))
                .watching("what")
                .key("name")
                .attempts(attempts)
                .react("note", (change, run) -> {
                    if (change.key().length() > 1_000 && sick.get()) {
                        throw new IllegalStateException("too long for me");
                    }
                    site.note(
                            run,
                            change.key().length() + " " + run.mode(),
                            String.valueOf(change.row().text("what")));
                });
    }

    @ParameterizedTest
    @ValueSource(ints = {3_000, 10_000, 100_000, 2_000_000})
    void itBlocksItselfAloneAndItsJobReactsToAllThatCameMeanwhile(int length) throws Exception {
        Rule rule = define(50);
        rules.start();
        insert(1, random(length));
        insert(2, random(length - 1));
        insert(3, "short");
        Site.soon().until(() -> rule.status().parked() == 2 && site.noted().size() == 1);
        insert(1, random(length));
        insert(3, "short");
        Site.soon().until(() -> rule.status().held() == 3 && site.noted().size() == 2);
        assertThat(rule.parked(10))
                .extracting(Rule.ParkedKey::key)
                .containsExactlyInAnyOrder(random(length), random(length - 1));
        sick.set(false);
        site.drained();
        assertThat(site.noted())
                .startsWith("5 LIVE:new", "5 LIVE:later")
                .containsOnlyOnce(length + " JOB:later", (length - 1) + " JOB:new")
                .hasSize(4);
    }

    @ParameterizedTest
    @ValueSource(ints = {3_000, 10_000, 100_000, 2_000_000})
    void itIsGivenBack(int length) throws Exception {
        Rule rule = define(1);
        rules.start();
        insert(1, random(length));
        Site.soon().until(() -> !site.mill().deadLetters(null, 10).isEmpty());
        List<DeadLetter> letters = site.mill().deadLetters(null, 10);
        site.mill().discard(letters.getFirst().jobId());
        sick.set(false);
        assertThat(rule.release(random(length - 1))).as("another").isFalse();
        assertThat(rule.release(random(length))).isTrue();
        assertThat(rule.release(random(length))).isFalse();
        site.drained();
        assertThat(site.noted()).containsExactly(length + " LIVE:new");
        assertThat(site.mill()
                        .audit(Long.MAX_VALUE, 1, null, "RULE note")
                        .getFirst()
                        .detail()
                        .length())
                .isLessThan(1_000);
    }
}

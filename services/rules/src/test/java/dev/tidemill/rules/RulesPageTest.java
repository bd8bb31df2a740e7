package dev.tidemill.rules;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The code of docs/rules.md, compiled and run; and a check that it is the same code. */
@ExtendWith(FreshSchema.class)
final class RulesPageTest {
    private static final Pattern BLOCK = Pattern.compile("```java\n(.*?)```", Pattern.DOTALL);

    record Subscription(long id, long userId, String status) {}

    private final TestDatabase database;
    private final AtomicInteger counted = new AtomicInteger();

    RulesPageTest(TestDatabase database) {
        this.database = database;
    }

    private static void setStatus(Connection connection, long user, Subscription subscription) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(
                "update shop.customer set status = ? where id = ? and status is distinct from ?")) {
            statement.setString(1, subscription.status());
            statement.setLong(2, user);
            statement.setString(3, subscription.status());
            statement.executeUpdate();
        }
    }

    private void count(RuleRun run, int changes) {
        assertThat(run.mode()).isEqualTo(RuleMode.LIVE);
        counted.addAndGet(changes);
    }

    @Test
    void thePageIsTrue() throws Exception {
        try (Site site = new Site(database)) {
            site.run("drop schema if exists shop cascade; create schema shop;"
                    + "create table shop.customer (id bigint primary key, status text, customer_id text);"
                    + "create table shop.subscription (id bigint primary key, user_id bigint, status text, customer_id text);"
                    + "insert into shop.customer values (1, 'new', 'a'), (2, 'new', 'b')");
            var mill = site.mill();
            Rules rules = Rules.on(mill);
            rules.table("shop.subscription")
                    .watching("status")
                    .key("user_id")
                    .carrying("id")
                    .mapped(Subscription.class)
                    .react(
                            "syncSubscriptionStatus",
                            (change, run) -> setStatus(run.connection(), change.keyAsLong(), change.row()));
            rules.start();
            try {
                rules.table("shop.subscription")
                        .watching("status")
                        .key("user_id")
                        .mapped(Subscription.class)
                        .reactInBatches(
                                "countChanges",
                                Gather.every(Duration.ofMillis(300)),
                                (changes, run) -> count(run, changes.size()));
                rules.table("shop.customer")
                        .watching("customer_id")
                        .key("id")
                        .sql(
                                "syncCustomerId",
                                "update shop.subscription s set customer_id = c.new->>'customer_id' from changes c"
                                        + " where s.user_id = c.key::bigint and s.customer_id is distinct from c.new->>'customer_id'");
                site.run("insert into shop.subscription values (1, 1, 'active', 'x'), (2, 2, 'trial', 'x')");
                site.run("update shop.customer set customer_id = 'z' where id = 1");
                site.drained();
                assertThat(site.text("select string_agg(status, ',' order by id) from shop.customer"))
                        .isEqualTo("active,trial");
                assertThat(site.text("select customer_id from shop.subscription where id = 1"))
                        .isEqualTo("z");
                assertThat(counted).hasValue(2);
                Rule rule = rules.rule("syncSubscriptionStatus");
                long backfill = rule.backfill(2_000);
                Rule.DryRun would = rule.dryRun(500);
                Rule.Sweep swept = rule.sweep();
                assertThat(backfill).isPositive();
                assertThat(would.rows()).isEqualTo(2);
                assertThat(would.wouldChange()).isZero();
                assertThat(swept.found()).isZero();
                Site.soon()
                        .until(() ->
                                rule.status().backfill().orElseThrow().state().equals("DONE"));
            } finally {
                rules.status().forEach(status -> rules.remove(status.name()));
                rules.close();
                site.run("drop schema shop cascade");
            }
        }
    }

    @Test
    void theCodeOfThePageIsThis() throws IOException {
        List<String> mine = stripped(Files.readString(Path.of("src/test/java/dev/tidemill/rules/RulesPageTest.java")));
        List<String> shown = new ArrayList<>();
        Matcher blocks = BLOCK.matcher(Files.readString(Path.of("../../docs/rules.md")));
        while (blocks.find()) {
            shown.addAll(stripped(blocks.group(1)));
        }
        assertThat(shown).hasSizeGreaterThan(20);
        assertThat(String.join("", mine)).contains(String.join("", shown.subList(0, 2)));
        assertThat(String.join(" ", mine).replaceAll("\\s", ""))
                .satisfies(all ->
                        assertThat(shown).allSatisfy(line -> assertThat(all).contains(line.replaceAll("\\s", ""))));
    }

    private static List<String> stripped(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).toList();
    }
}

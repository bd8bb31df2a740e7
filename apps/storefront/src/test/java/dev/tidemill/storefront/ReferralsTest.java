package dev.tidemill.storefront;

import static java.time.Duration.ofMillis;
import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.EnqueueOptions;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.Tidemill;
import dev.tidemill.rules.Rule;
import dev.tidemill.rules.RuleMode;
import dev.tidemill.rules.RuleRun;
import dev.tidemill.storefront.ShopUnderTest.Reply;
import dev.tidemill.storefront.processes.Processes;
import dev.tidemill.storefront.processes.ReferrerRewards;
import dev.tidemill.storefront.shop.Money;
import dev.tidemill.storefront.shop.RewardTier;
import dev.tidemill.storefront.shop.SpokenCodes;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** Referral codes and rewards, and what rules do about them. */
class ReferralsTest extends AtTheShop {
    ReferralsTest(TestDatabase database) throws Exception {
        super(database);
    }

    @Test
    void everyCustomerGetsOneCodeWhoeverWroteThem() throws Exception {
        String token = shop.customer("coded@example.com");
        String code = code(token);
        run(
                "INSERT INTO shop.customer (name, email) SELECT 'Many', 'many-' || n || '@example.com' FROM generate_series(1, 500) n");

        await().until(() -> shop.count("SELECT count(*) FROM shop.customer WHERE referral_code IS NULL") == 0);

        assertThat(shop.count("""
                        SELECT count(*) FROM shop.customer c
                          FULL JOIN shop.referral_code r ON r.customer_id = c.id AND r.code = c.referral_code
                         WHERE c.id IS NULL OR r.code IS NULL"""))
                .as("the row of the code and the customer's agree")
                .isZero();
        assertThat(code(token)).isEqualTo(code);
        shop.shop().rules().orElseThrow().rule("generateReferralCode").backfill();
        await().until(() -> shop.rulesAreIdle());
        assertThat(code(token)).isEqualTo(code);
    }

    @Test
    void aReferralLinkLeadsToTheSignUpWithItsCode() throws Exception {
        String code = code(shop.customer("linked@example.com"));
        HttpResponse<String> link = shop.send(shop.request("/r/" + code));
        assertThat(link.statusCode()).isEqualTo(303);
        String location = link.headers().firstValue("Location").orElseThrow();
        assertThat(shop.send(shop.request(location)).body()).contains("value=\"" + code + "\"");
    }

    @Test
    void anUnknownCodeIsToldAndNobodyIsSignedUp() throws Exception {
        Reply refused = signUp("lost@example.com", "bakilomi");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().path("errors").path(0).path("field").asString())
                .isEqualTo("referralCode");
        assertThat(shop.count("SELECT count(*) FROM shop.customer WHERE email = 'lost@example.com'"))
                .isZero();
    }

    @Test
    void theCodeOfACustomerWhoLeftIsNobodysAnyMore() throws Exception {
        String leaving = shop.customer("leaving@example.com");
        String code = code(leaving);
        friend("in-time@example.com", code);
        assertThat(run("DELETE FROM shop.customer WHERE id = ?", id(leaving))).isOne();

        Reply refused = signUp("too-late@example.com", code);

        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().path("errors").path(0).path("field").asString())
                .isEqualTo("referralCode");
        assertThat(refused.body().path("detail").asString()).contains("Nobody has this referral code");
        assertThat(shop.count("SELECT count(*) FROM shop.customer WHERE email = 'too-late@example.com'"))
                .isZero();
        assertThat(
                        shop.count(
                                "SELECT count(*) FROM shop.customer WHERE email = 'in-time@example.com' AND referred_by IS NULL"))
                .as("who came in time stays")
                .isOne();
    }

    @Test
    void aCodeThatWasAskedForBeforeItWasMadeIsKnownSoonAfter() throws Exception {
        Rule making = shop.shop().rules().orElseThrow().rule(Processes.CODE);
        making.pause();
        String code;
        try {
            run("INSERT INTO shop.customer (name, email) VALUES ('Early', 'early@example.com')");
            code = word("early@example.com");
            assertThat(signUp("too-early@example.com", code).status()).isEqualTo(422);
        } finally {
            making.resume();
        }
        await().until(() -> text("SELECT referral_code FROM shop.customer WHERE email = 'early@example.com'")
                .equals(code));

        // That there is none would be remembered for half a minute.
        await().atMost(ofSeconds(10))
                .pollInterval(ofMillis(200))
                .until(() -> signUp("too-early@example.com", code).status() == 201);
    }

    /** The code that a customer is to get. */
    private String word(String email) throws SQLException {
        try (Connection connection = shop.pool().getConnection()) {
            SpokenCodes codes = new SpokenCodes(Sql.on(connection, "SELECT value FROM shop.referral_key")
                    .first(row -> row.getBytes(1))
                    .orElseThrow());
            return codes.word(shop.count("SELECT number FROM shop.customer WHERE email = ?", email));
        }
    }

    private Reply signUp(String email, String code) throws Exception {
        return shop.post("/api/signup", "", Map.of("name", "Frieda Friend", "email", email, "referralCode", code));
    }

    private String friend(String email, String code) throws Exception {
        return shop.invited("Frieda Friend", email, code);
    }

    private Reply order(String token, String sku, int quantity) throws Exception {
        return shop.post("/api/checkout", token, Map.of("lines", List.of(Map.of("sku", sku, "quantity", quantity))));
    }

    @Test
    void theFirstPurchaseOfAFriendIsRewardedOnceByWhatItCameTo() throws Exception {
        String referrer = shop.customer("referrer@example.com");
        String friend = friend("friend@example.com", " " + code(referrer).toUpperCase(java.util.Locale.ROOT) + " ");

        order(friend, "harbour-lamp", 1);
        order(friend, "harbour-lamp", 2);

        await().until(() ->
                !shop.get("/api/referrals", referrer).body().path("rewards").isEmpty());
        await().until(() -> shop.mail().to("referrer@example.com").stream()
                .anyMatch(mail -> mail.subject().equals("Frieda ordered, and €7.00 are yours")));
        await().until(() -> shop.rulesAreIdle());
        Reply standing = shop.get("/api/referrals", referrer);
        assertThat(standing.body().path("rewards").size()).isOne();
        assertThat(standing.body().path("goodCents").asLong()).isEqualTo(700);
        assertThat(standing.body().path("rewards").path(0).path("tier").asString())
                .isEqualTo("coral");
        assertThat(shop.count("""
                        SELECT count(*) FROM shop.reward r JOIN shop.customer c ON c.id = r.friend_id
                          JOIN shop.purchase p ON p.id = r.purchase_id
                         WHERE p.id = c.first_purchase_id AND p.total_cents = 6400
                           AND r.expires_at = p.placed_at + interval '90 days'""")).isGreaterThanOrEqualTo(1);
    }

    @Test
    void twoFirstPurchasesAtOnceAreOneRewardAndOneOfThemWasTheFirst() throws Exception {
        String referrer = shop.customer("race-referrer@example.com");
        String friend = friend("race-friend@example.com", code(referrer));
        UUID id = id(friend);
        List<Thread> buyers = List.of(
                Thread.ofVirtual().start(() -> quietly(friend)),
                Thread.ofVirtual().start(() -> quietly(friend)),
                Thread.ofVirtual().start(() -> quietly(friend)));
        for (Thread buyer : buyers) {
            buyer.join();
        }
        await().until(() -> shop.count("SELECT count(*) FROM shop.reward WHERE friend_id = ?", id) == 1);
        await().until(() -> shop.rulesAreIdle());
        assertThat(shop.count("SELECT count(*) FROM shop.purchase WHERE customer_id = ?", id))
                .isEqualTo(3);
        assertThat(shop.count("SELECT count(*) FROM shop.reward WHERE friend_id = ?", id))
                .isOne();
    }

    private void quietly(String token) {
        try {
            order(token, "tide-mug", 1);
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    /** One rule gives a key to one transaction at a time; here two have it, and the ledger's unique key is between them. */
    @Test
    void ofTwoTransactionsThatGrantAtOnceTheLaterOneGrantsNothing() throws Exception {
        String referrer = shop.customer("keyed-referrer@example.com");
        String token = friend("keyed-friend@example.com", code(referrer));
        UUID friend = id(token);
        Rule rewarding = shop.shop().rules().orElseThrow().rule(Processes.REWARD);
        rewarding.pause();
        // The shop sets the flag of the first purchase, so nothing but the ledger is written.
        order(token, "harbour-lamp", 1);
        try (Connection first = shop.pool().getConnection();
                Connection second = shop.pool().getConnection()) {
            first.setAutoCommit(false);
            second.setAutoCommit(false);
            int sessionOfFirst = session(first);
            int sessionOfSecond = session(second);
            ReferrerRewards.settle(friend, new Granting(shop.shop().mill(), first));
            FutureTask<Boolean> later = new FutureTask<>(
                    () -> settleAtLast(friend, new Granting(shop.shop().mill(), second)));
            Thread.ofVirtual().start(later);
            await().until(() -> text("SELECT ? = ANY (pg_blocking_pids(?))", sessionOfFirst, sessionOfSecond)
                    .equals("t"));
            first.commit();
            later.get(30, TimeUnit.SECONDS);
        } finally {
            rewarding.resume();
        }

        await().until(() -> shop.rulesAreIdle());
        assertThat(shop.count("SELECT count(*) FROM shop.reward WHERE friend_id = ?", friend))
                .isOne();
        assertThat(shop.shop().mill().tagged("userId", id(referrer).toString(), Long.MAX_VALUE, 50))
                .filteredOn(job -> job.kind().equals("SendReward"))
                .hasSize(1);
    }

    private static int session(Connection connection) throws SQLException {
        return Sql.on(connection, "SELECT pg_backend_pid()")
                .first(row -> row.getInt(1))
                .orElseThrow();
    }

    /** Who gives way is tried again, as by a rule. */
    private static boolean settleAtLast(UUID customer, RuleRun run) throws SQLException {
        while (true) {
            try {
                ReferrerRewards.settle(customer, run);
                run.connection().commit();
                return true;
            } catch (SQLException failed) {
                run.connection().rollback();
                if (!"55P03".equals(failed.getSQLState())) {
                    throw failed;
                }
            }
        }
    }

    /** A transaction of the rule, in the test's hands. */
    private record Granting(Tidemill mill, Connection connection) implements RuleRun {
        @Override
        public String rule() {
            return Processes.REWARD;
        }

        @Override
        public RuleMode mode() {
            return RuleMode.LIVE;
        }

        @Override
        public int attempt() {
            return 1;
        }

        @Override
        public long enqueue(Object job) {
            return mill.enqueue(connection, job);
        }

        @Override
        public long enqueue(Object job, EnqueueOptions options) {
            return mill.enqueue(connection, job, options);
        }
    }

    @Test
    void ofPurchasesThatAnotherProgramWroteTheEarliestIsRewarded() throws Exception {
        String referrer = shop.customer("sql-referrer@example.com");
        UUID friend = id(friend("sql-friend@example.com", code(referrer)));

        run("""
                INSERT INTO shop.purchase (customer_id, total_cents, placed_at)
                SELECT ?, cents, now() - cents * interval '1 second' FROM unnest(ARRAY[100, 12500, 2000]) cents""", friend);

        await().until(() ->
                shop.count("SELECT coalesce(sum(cents), 0) FROM shop.reward WHERE friend_id = ?", friend) == 1500);
        assertThat(shop.count(
                        "SELECT count(*) FROM shop.customer WHERE id = ? AND first_purchase_id IS NOT NULL", friend))
                .isOne();
    }

    @Test
    void whoCameWithoutACodeAndWhoBuysTwiceRewardNobody() throws Exception {
        UUID alone = id(shop.customer("alone@example.com"));
        run("INSERT INTO shop.purchase (customer_id, total_cents) SELECT ?, 100 FROM generate_series(1, 5)", alone);
        await().until(() -> shop.rulesAreIdle());
        assertThat(shop.count("SELECT count(*) FROM shop.reward WHERE friend_id = ?", alone))
                .isZero();
    }

    @Test
    void anExpiredRewardIsShownButCountsNoMore() throws Exception {
        String referrer = shop.customer("old-referrer@example.com");
        UUID friend = id(friend("old-friend@example.com", code(referrer)));

        run(
                "INSERT INTO shop.purchase (customer_id, total_cents, placed_at) VALUES (?, 100, now() - interval '91 days')",
                friend);

        await().until(() ->
                !shop.get("/api/referrals", referrer).body().path("rewards").isEmpty());
        Reply standing = shop.get("/api/referrals", referrer);
        assertThat(standing.body().path("rewards").path(0).path("expired").asBoolean())
                .isTrue();
        assertThat(standing.body().path("goodCents").asLong()).isZero();
        assertThat(page("/referrals", referrer).body()).contains("expired on");
        String owner = id(referrer).toString();
        await().until(() -> shop.shop().mill().tagged("userId", owner, Long.MAX_VALUE, 10).stream()
                .anyMatch(job -> job.kind().equals("SendReward") && job.state() == JobState.SUCCEEDED));
        assertThat(shop.mail().to("old-referrer@example.com"))
                .as("nobody is told that it is good until a day that is over")
                .noneMatch(mail -> mail.subject().contains("are yours"));
        assertThat(shop.count("SELECT count(*) FROM shop.reward WHERE friend_id = ? AND mailed_at IS NULL", friend))
                .isOne();
    }

    @Test
    void theAccountSaysWhatTheBestRewardIsWorth() throws Exception {
        assertThat(page("/account", shop.customer("curious@example.com")).body())
                .contains("up to " + Money.euros(RewardTier.best().cents()) + " when");
    }

    @Test
    void theLivePartsOfPagesAnswerOnlyWithNews() throws Exception {
        String token = shop.customer("live@example.com");
        code(token);

        assertThat(page("/referrals/standing?seen=" + seen(token), token).statusCode())
                .isEqualTo(204);
        assertThat(page("/referrals/standing?seen=other", token).body()).contains("id=\"referral-code\"");
    }

    private String seen(String token) throws Exception {
        return Pattern.compile("standing\\?seen=([^\"]+)\"")
                .matcher(page("/referrals", token).body())
                .results()
                .map(found -> found.group(1))
                .findFirst()
                .orElseThrow();
    }

    @Test
    void anExpiredRewardIsNewsBesideFiftyOthers() throws Exception {
        String token = shop.customer("busy@example.com");
        code(token);
        grantExpired(id(token), "Sooner", 50);
        String seen = seen(token);

        grantExpired(id(token), "Later", 1);

        assertThat(page("/referrals/standing?seen=" + seen, token).body()).contains("Later");
    }

    private void grantExpired(UUID referrer, String friend, int rewards) throws SQLException {
        run("""
                INSERT INTO shop.reward (friend_id, referrer_id, purchase_id, friend_name, tier, cents, expires_at)
                SELECT gen_random_uuid(), ?, gen_random_uuid(), ?, 'pebble', 100, now() - interval '1 day'
                  FROM generate_series(1, ?)""", referrer, friend, rewards);
    }
}

package dev.tidemill.storefront;

import static java.time.Duration.ofSeconds;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.storefront.ShopUnderTest.Reply;
import dev.tidemill.storefront.processes.CustomerIdFollower;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.storefront.shop.SubscriptionStatus;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Subscriptions, customer ids and referrals, and what rules do about them. Every test has customers of its own. */
@ExtendWith(FreshSchema.class)
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(180)
class MembersTest {
    private final ShopUnderTest shop;

    MembersTest(TestDatabase database) throws Exception {
        shop = new ShopUnderTest(database, MailMode.JOB);
    }

    @BeforeAll
    static void patience() {
        org.awaitility.Awaitility.setDefaultTimeout(ofSeconds(30));
        org.awaitility.Awaitility.setDefaultPollInterval(java.time.Duration.ofMillis(20));
    }

    @AfterAll
    void close() throws Exception {
        shop.close();
    }

    private int run(String sql, Object... arguments) throws SQLException {
        try (Connection connection = shop.pool().getConnection()) {
            return Sql.on(connection, sql, arguments).update();
        }
    }

    private String text(String sql, Object... arguments) throws SQLException {
        try (Connection connection = shop.pool().getConnection()) {
            return Sql.on(connection, sql, arguments)
                    .list(row -> String.valueOf(row.getString(1)))
                    .getFirst();
        }
    }

    private UUID id(String token) throws Exception {
        return UUID.fromString(shop.get("/api/account", token).body().path("id").asString());
    }

    private String account(String token, String field) throws Exception {
        return shop.get("/api/account", token).body().path(field).asString();
    }

    private String code(String token) {
        await().until(() -> !account(token, "referralCode").isEmpty());
        try {
            return account(token, "referralCode");
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    private Reply subscribe(String token) throws Exception {
        return shop.post("/api/subscriptions", token, Map.of("plan", "morning"));
    }

    private Reply change(String token, long box, String status) throws Exception {
        return shop.post("/api/subscriptions/" + box + "/status", token, Map.of("status", status));
    }

    @Test
    void aCustomersStatusFollowsTheSubscriptionThatSpeaksForThem() throws Exception {
        String token = shop.customer("follower@example.com");
        assertThat(account(token, "subscriptionStatus")).isEqualTo("none");

        long first = subscribe(token).body().path("id").asLong();
        await().until(() -> account(token, "subscriptionStatus").equals("active"));
        long second = subscribe(token).body().path("id").asLong();
        change(token, first, "canceled");
        change(token, second, "paused");
        await().until(() -> account(token, "subscriptionStatus").equals("paused"));
        run("DELETE FROM shop.subscription WHERE id = ?", second);
        await().until(() -> account(token, "subscriptionStatus").equals("canceled"));
        run("DELETE FROM shop.subscription WHERE id = ?", first);
        await().until(() -> account(token, "subscriptionStatus").equals("none"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"Cancelled", "CANCELED", "cancel", " cancled ", "canceled"})
    void whatTheApiIsToldIsStoredInOneSpellingAndShownInAnother(String spelling) throws Exception {
        String token = shop.customer("api-" + UUID.randomUUID() + "@example.com");
        long box = subscribe(token).body().path("id").asLong();

        Reply changed = change(token, box, spelling);

        assertThat(changed.status()).isEqualTo(200);
        assertThat(changed.body().path("status").asString()).isEqualTo("canceled");
        assertThat(changed.body().path("statusText").asString()).isEqualTo("Cancelled");
        assertThat(text("SELECT status FROM shop.subscription WHERE id = ?", box))
                .isEqualTo("canceled");
    }

    @Test
    void whatOthersSpellBecomesTheOneValueForBothInOneReaction() throws Exception {
        String token = shop.customer("spelled@example.com");
        long box = subscribe(token).body().path("id").asLong();
        await().until(() -> account(token, "subscriptionStatus").equals("active"));

        run("UPDATE shop.subscription SET status = 'Past-Due' WHERE id = ?", box);

        await().until(() -> account(token, "subscriptionStatus").equals("past_due"));
        assertThat(text("SELECT status FROM shop.subscription WHERE id = ?", box))
                .as("both commit together")
                .isEqualTo("past_due");
        assertThat(account(token, "subscriptionStatusText")).isEqualTo("Payment overdue");
    }

    @Test
    void aWriteOfWhatIsSoAlreadyUpdatesNoCustomer() throws Exception {
        String token = shop.customer("once@example.com");
        subscribe(token);
        await().until(() -> account(token, "subscriptionStatus").equals("active"));
        UUID id = id(token);
        await().until(() -> shop.count("""
                        SELECT count(*) FROM shop.customer
                         WHERE id = ? AND welcome_sent_at IS NOT NULL AND referral_code IS NOT NULL""", id) == 1);
        String before = text("SELECT xmin::text FROM shop.customer WHERE id = ?", id);

        subscribe(token);
        long box = subscribe(token).body().path("id").asLong();
        await().until(() -> shop.rulesAreIdle());

        assertThat(text("SELECT xmin::text FROM shop.customer WHERE id = ?", id))
                .isEqualTo(before);
        change(token, box, "paused");
        await().until(() -> shop.rulesAreIdle());
        assertThat(text("SELECT xmin::text FROM shop.customer WHERE id = ?", id))
                .as("another one is still active")
                .isEqualTo(before);
    }

    @Test
    void aStatusThatNobodyKnowsIsRefusedByTheApiAndSpeaksForNobodyInTheTable() throws Exception {
        String token = shop.customer("unknown@example.com");
        long box = subscribe(token).body().path("id").asLong();
        await().until(() -> account(token, "subscriptionStatus").equals("active"));

        Reply refused = change(token, box, "sleeping");
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().path("detail").asString())
                .contains("no status 'sleeping'")
                .contains("active, past_due, paused, canceled");
        run("UPDATE shop.subscription SET status = 'sleeping' WHERE id = ?", box);

        await().until(() -> account(token, "subscriptionStatus").equals("none"));
        assertThat(text("SELECT status FROM shop.subscription WHERE id = ?", box))
                .isEqualTo("sleeping");
        HttpResponse<String> page = page("/account", token);
        assertThat(page.body()).contains("Being checked");
    }

    @Test
    void theDatabaseReadsEverySpellingAsTheShopDoes() throws Exception {
        for (String spelling : List.of(
                "active",
                "ACTIVE",
                "Activ",
                "activated",
                "past due",
                "PastDue",
                "past_due",
                "overdue",
                "unpaid",
                "paused",
                "pause",
                "on-hold",
                "canceled",
                "Cancelled",
                "cancel",
                "canceld",
                "cancled",
                "",
                " ",
                "none",
                "sleeping",
                "\u0130active",
                "activé",
                "canc\u0131led",
                "\u212Aactive",
                "cancelled!",
                "12")) {
            assertThat(text("SELECT shop.canonical_status(?)", spelling))
                    .as("'%s'", spelling)
                    .isEqualTo(SubscriptionStatus.read(spelling)
                            .map(SubscriptionStatus::stored)
                            .orElse("null"));
        }
    }

    /** What was there before the rule, and what was written while its trigger was off. */
    @Test
    void aCorrectionBringsEverythingToTheOneSpelling() throws Exception {
        UUID owner = id(shop.customer("bulk@example.com"));
        Unseen.write(shop.pool(), """
                INSERT INTO shop.subscription (customer_id, plan, status)
                SELECT '%s', 'morning', (ARRAY['Cancelled', 'cancel', 'CANCELED', 'what'])[1 + n %% 4]
                  FROM generate_series(1, 4400) n""".formatted(owner));
        assertThat(shop.count(
                        "SELECT count(*) FROM shop.subscription WHERE status = 'canceled' AND customer_id = ?", owner))
                .isZero();

        long job = shop.shop().mill().schedules().trigger("standardizeStatusSpelling");
        await().until(() -> shop.shop().mill().job(job).orElseThrow().state() == JobState.SUCCEEDED);

        assertThat(shop.count(
                        "SELECT count(*) FROM shop.subscription WHERE status = 'canceled' AND customer_id = ?", owner))
                .isEqualTo(3300);
        assertThat(shop.count("SELECT count(*) FROM shop.subscription WHERE status = 'what'"))
                .isEqualTo(1100);
        assertThat(text("SELECT subscription_status FROM shop.customer WHERE id = ?", owner))
                .isEqualTo("canceled");
    }

    @Test
    void subscriptionsFollowTheCustomerIdInPagesAndOnlyThoseThatDiffer() throws Exception {
        String token = shop.customer("many@example.com");
        UUID owner = id(token);
        int boxes = 3 * CustomerIdFollower.PAGE + 7;
        run("""
                INSERT INTO shop.subscription (customer_id, plan, status, billing_id)
                SELECT ?, 'season', 'active', CASE WHEN n <= 20 THEN 'cus_new' END FROM generate_series(1, ?) n""", owner, boxes);
        await().until(() -> shop.count(
                        "SELECT count(*) FROM shop.subscription WHERE customer_id = ? AND billing_id IS NOT NULL",
                        owner)
                == 0);
        run("UPDATE shop.subscription SET billing_id = 'cus_new' WHERE customer_id = ? AND id % 50 = 0", owner);

        assertThat(shop.post("/api/account/customer-id", token, Map.of("customerId", "cus_new"))
                        .status())
                .isEqualTo(204);

        await().until(() -> shop.count(
                        "SELECT count(*) FROM shop.subscription WHERE customer_id = ? AND billing_id = 'cus_new'",
                        owner)
                == boxes);
        assertThat(shop.shop()
                        .mill()
                        .search(JobFilter.ANY.kind("FollowCustomerId"), null, 50)
                        .jobs())
                .as("a job went through what the first page left")
                .anySatisfy(job -> assertThat(job.tags()).containsEntry("userId", owner.toString()));
        assertThat(shop.count("SELECT count(DISTINCT xmin::text) FROM shop.subscription WHERE customer_id = ?", owner))
                .as("pages, each a transaction")
                .isGreaterThanOrEqualTo(3);
    }

    @Test
    void aSubscriptionWrittenWithAnotherCustomerIdIsMended() throws Exception {
        String token = shop.customer("stale@example.com");
        UUID owner = id(token);
        shop.post("/api/account/customer-id", token, Map.of("customerId", "cus_right"));

        run(
                "INSERT INTO shop.subscription (customer_id, plan, status, billing_id) VALUES (?, 'season', 'active', 'cus_wrong')",
                owner);

        await().until(() -> text("SELECT billing_id FROM shop.subscription WHERE customer_id = ?", owner)
                .equals("cus_right"));
    }

    @Test
    void aNewSubscriptionHasTheCustomerIdOfTheCacheEvenIfItWasChangedPastTheShop() throws Exception {
        String token = shop.customer("cached@example.com");
        UUID owner = id(token);
        subscribe(token);
        run("UPDATE shop.customer SET billing_id = 'cus_psql' WHERE id = ?", owner);
        await().until(() -> text("SELECT billing_id FROM shop.subscription WHERE customer_id = ?", owner)
                .equals("cus_psql"));

        await().until(() -> {
            Reply begun = subscribe(token);
            return begun.status() == 422
                    || begun.body().path("billingId").asString().equals("cus_psql");
        });
        assertThat(shop.get("/api/subscriptions", token)
                        .body()
                        .path(0)
                        .path("billingId")
                        .asString())
                .isEqualTo("cus_psql");
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
        Reply refused = shop.post(
                "/api/signup", "", Map.of("name", "Lost", "email", "lost@example.com", "referralCode", "bakilomi"));
        assertThat(refused.status()).isEqualTo(422);
        assertThat(refused.body().path("errors").path(0).path("field").asString())
                .isEqualTo("referralCode");
        assertThat(shop.count("SELECT count(*) FROM shop.customer WHERE email = 'lost@example.com'"))
                .isZero();
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

    @Test
    void aPurchaseThatAnotherProgramWroteIsRewardedToo() throws Exception {
        String referrer = shop.customer("sql-referrer@example.com");
        UUID friend = id(friend("sql-friend@example.com", code(referrer)));

        run("INSERT INTO shop.purchase (customer_id, total_cents) VALUES (?, 12500)", friend);

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
    }

    @Test
    void theLivePartsOfPagesAnswerOnlyWithNews() throws Exception {
        String token = shop.customer("live@example.com");
        code(token);
        String page = page("/referrals", token).body();
        Optional<String> seen = java.util.regex.Pattern.compile("standing\\?seen=([^\"]+)\"")
                .matcher(page)
                .results()
                .map(found -> found.group(1))
                .findFirst();

        assertThat(page("/referrals/standing?seen=" + seen.orElseThrow(), token).statusCode())
                .isEqualTo(204);
        assertThat(page("/referrals/standing?seen=other", token).body()).contains("id=\"referral-code\"");
    }

    private HttpResponse<String> page(String path, String token) throws Exception {
        return shop.send(shop.request(path).header("Authorization", "Bearer " + token));
    }

    @Test
    void whatIsNotTheirsStrangersCannotChange() throws Exception {
        long box =
                subscribe(shop.customer("owner@example.com")).body().path("id").asLong();
        String stranger = shop.customer("other@example.com");

        assertThat(change(stranger, box, "canceled").status()).isEqualTo(404);
        assertThat(shop.post("/api/subscriptions", "nobody", Map.of("plan", "morning"))
                        .status())
                .isEqualTo(401);
        assertThat(shop.get("/api/referrals", "nobody").status()).isEqualTo(401);
        assertThat(shop.post("/api/subscriptions/x/status", stranger, Map.of("status", "active"))
                        .status())
                .isEqualTo(404);
    }

    @Test
    void wrongInputIsNamedAndWritesNothing() throws Exception {
        String token = shop.customer("wrong@example.com");
        for (String id : List.of("", " ", "cus 1", "cus;1", "x".repeat(65), "<b>")) {
            Reply refused = shop.post("/api/account/customer-id", token, Map.of("customerId", id));
            assertThat(refused.status()).as(id).isEqualTo(422);
            assertThat(refused.body().path("errors").path(0).path("field").asString())
                    .isEqualTo("customerId");
        }
        assertThat(shop.post("/api/subscriptions", token, Map.of("plan", "daily"))
                        .status())
                .isEqualTo(422);
        assertThat(shop.get("/api/subscriptions", token).body().size()).isZero();
        for (int n = 0; n < 10; n++) {
            assertThat(subscribe(token).status()).isEqualTo(201);
        }
        assertThat(subscribe(token).status()).as("the eleventh").isEqualTo(422);
    }
}

package dev.tidemill.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.JobFilter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.rules.Rule;
import dev.tidemill.storefront.ShopUnderTest.Reply;
import dev.tidemill.storefront.processes.CustomerIdFollower;
import dev.tidemill.storefront.processes.Processes;
import dev.tidemill.storefront.shop.SubscriptionStatus;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Subscriptions and customer ids, and what rules do about them. */
class MembersTest extends AtTheShop {
    MembersTest(TestDatabase database) throws Exception {
        super(database);
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
        assertThat(shop.shop()
                        .mill()
                        .job(job)
                        .orElseThrow()
                        .attempts()
                        .getLast()
                        .result())
                .as("the figure that the job leaves")
                .isEqualTo("{\"subscriptions\":3300}");
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
    void subscriptionsBegunOneAfterTheOtherAskForTheCustomerIdOnce() throws Exception {
        String token = shop.customer("cached@example.com");
        shop.post("/api/account/customer-id", token, Map.of("customerId", "cus_cached"));
        await().until(() -> shop.rulesAreIdle());
        long before = customerIdsLoaded();

        for (int n = 0; n < 3; n++) {
            assertThat(subscribe(token).body().path("billingId").asString()).isEqualTo("cus_cached");
            await().until(() -> shop.rulesAreIdle());
        }

        assertThat(customerIdsLoaded() - before).isOne();
    }

    private long customerIdsLoaded() {
        return shop.shop().caches().all().stream()
                .filter(cache -> cache.name().equals("shop.customer-ids"))
                .mapToLong(cache -> cache.stats().misses())
                .sum();
    }

    private void awaitKnown(UUID customer, String id) {
        // Far less than the five minutes for which it is cached.
        await().until(() -> shop.shop().members().customerIds().of(customer).equals(Optional.of(id)));
    }

    @Test
    void aCustomerIdThatIsWrittenPastTheShopVoidsTheCachedOne() throws Exception {
        String token = shop.customer("past@example.com");
        UUID owner = id(token);
        shop.post("/api/account/customer-id", token, Map.of("customerId", "cus_shop"));
        awaitKnown(owner, "cus_shop");

        run("UPDATE shop.customer SET billing_id = 'cus_psql' WHERE id = ?", owner);

        awaitKnown(owner, "cus_psql");
        Reply begun = subscribe(token);
        assertThat(begun.status()).isEqualTo(201);
        assertThat(begun.body().path("billingId").asString()).isEqualTo("cus_psql");
    }

    @Test
    void aSweepThatMendsACustomerIdVoidsTheCachedOne() throws Exception {
        String token = shop.customer("missed@example.com");
        UUID owner = id(token);
        shop.post("/api/account/customer-id", token, Map.of("customerId", "cus_noticed"));
        subscribe(token);
        await().until(() -> shop.rulesAreIdle());
        awaitKnown(owner, "cus_noticed");
        Unseen.write(shop.pool(), "UPDATE shop.customer SET billing_id = 'cus_missed' WHERE id = '" + owner + "'");

        Rule.Sweep swept =
                shop.shop().rules().orElseThrow().rule(Processes.CUSTOMER_ID).sweep();

        assertThat(swept.repaired()).isOne();
        awaitKnown(owner, "cus_missed");
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

package dev.tidemill.storefront;

import static dev.tidemill.jobs.EnqueueOptions.priority;
import static dev.tidemill.jobs.Priority.HIGH;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.tidemill.jobs.DeadLetter;
import dev.tidemill.jobs.JobState;
import dev.tidemill.jobs.JobView;
import dev.tidemill.jobs.Transaction;
import dev.tidemill.storefront.ShopUnderTest.Reply;
import dev.tidemill.storefront.TestMailServer.Received;
import dev.tidemill.storefront.shop.Customers;
import dev.tidemill.storefront.shop.MailJob.SendWelcome;
import dev.tidemill.storefront.shop.NewCustomer;
import dev.tidemill.storefront.shop.OneTimeCodes;
import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.storefront.shop.Transactions;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import jakarta.mail.internet.MimeMessage;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** Real HTTP, real SMTP, real PostgreSQL. Every test has addresses of its own. */
@ExtendWith(FreshSchema.class)
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(120)
class StorefrontTest {
    private final ShopUnderTest shop;

    StorefrontTest(TestDatabase database) throws Exception {
        shop = new ShopUnderTest(database, MailMode.JOB);
    }

    @BeforeAll
    static void patience() {
        org.awaitility.Awaitility.setDefaultTimeout(Duration.ofSeconds(30));
        org.awaitility.Awaitility.setDefaultPollInterval(Duration.ofMillis(20));
    }

    @AfterAll
    void close() throws Exception {
        shop.close();
    }

    @Test
    void aSignUpCommitsItsMailsWithTheCustomer() throws Exception {
        Reply taken = shop.signUp("Zoë Sample", "zoe@example.com");

        assertThat(taken.status()).isEqualTo(201);
        String customer = taken.body().path("customerId").asString();
        assertThat(shop.shop().mill().tagged("userId", customer, Long.MAX_VALUE, 10))
                .extracting(JobView::kind)
                .containsExactlyInAnyOrder("SendOtp", "SendWelcome");
        await().untilAsserted(
                        () -> assertThat(shop.mail().to("zoe@example.com")).hasSize(2));
        await().untilAsserted(() -> assertThat(shop.count(
                        "SELECT count(*) FROM shop.customer WHERE id = ?::uuid AND welcome_sent_at IS NOT NULL",
                        customer))
                .isOne());
        Received welcome = shop.mail().to("zoe@example.com").stream()
                .filter(mail -> mail.subject().startsWith("Welcome"))
                .findFirst()
                .orElseThrow();
        assertThat(welcome.messageId()).startsWith("<job-").contains(customer);
        String raw = raw(welcome.message());
        assertThat(raw).contains("multipart/alternative", "text/plain", "text/html");
        assertThat(raw).contains("To: =?UTF-8?Q?Zo=C3=AB_Sample?= <zoe@example.com>");
        assertThat(welcome.message().getAllRecipients()[0].toString()).contains("zoe@example.com");
    }

    @Test
    void aRolledBackSignUpSendsNothing() throws Exception {
        Transactions failing = new Transactions() {
            @Override
            public <R> R call(Transaction.Call<R> body) throws Exception {
                return shop.shop().mill().callInTransaction(transaction -> {
                    body.call(transaction);
                    throw new IllegalStateException("rolled back");
                });
            }
        };
        Customers customers = new Customers(shop.pool(), failing, new OneTimeCodes(new byte[32]));

        assertThatThrownBy(() -> customers.signUp(NewCustomer.of("Nobody", "nobody@example.com"), null))
                .hasMessage("rolled back");

        shop.customer("after-the-rollback@example.com");
        assertThat(shop.count("SELECT count(*) FROM shop.customer WHERE email = 'nobody@example.com'"))
                .isZero();
        assertThat(shop.mail().to("nobody@example.com")).isEmpty();
    }

    @Test
    void aCodeGoesOutWhileEverythingElseIsStuck() throws Exception {
        CountDownLatch codeArrived = new CountDownLatch(1);
        shop.mail().beforeTaking(mail -> {
            if (mail.subject().startsWith("Welcome")) {
                awaitQuietly(codeArrived);
            }
        });
        List<UUID> crowd = crowd(40);
        shop.shop().mill().enqueueAll(crowd.stream().map(SendWelcome::new).toList(), priority(HIGH));

        shop.signUp("Ursula Sample", "urgent@example.com");

        await().until(() -> shop.mail().code("urgent@example.com").isPresent());
        assertThat(codeArrived.getCount()).as("no welcome got through before").isOne();
        codeArrived.countDown();
        await().untilAsserted(() -> assertThat(
                        shop.count(
                                "SELECT count(*) FROM shop.customer WHERE email LIKE 'crowd-%' AND welcome_sent_at IS NOT NULL"))
                .isEqualTo(40));
        shop.mail().beforeTaking(mail -> {});
    }

    private List<UUID> crowd(int size) throws Exception {
        try (Connection connection = shop.pool().getConnection()) {
            return Sql.on(connection, """
                            INSERT INTO shop.customer (name, email)
                            SELECT 'One of many', 'crowd-' || n || '@example.com' FROM generate_series(1, ?) n
                            RETURNING id""", size).list(row -> row.getObject(1, UUID.class));
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    @Test
    void aCheckoutSendsItsConfirmation() throws Exception {
        String token = shop.customer("buyer@example.com");

        Reply placed = shop.post(
                "/api/checkout",
                token,
                Map.of(
                        "lines",
                        List.of(
                                Map.of("sku", "tide-mug", "quantity", 2),
                                Map.of("sku", "canvas-tote", "quantity", 1))));

        assertThat(placed.status()).isEqualTo(201);
        assertThat(placed.body().path("totalCents").asLong()).isEqualTo(2 * 1850 + 2400);
        String order = placed.body().path("id").asString();
        JobView job =
                shop.shop().mill().tagged("orderId", order, Long.MAX_VALUE, 10).getFirst();
        assertThat(job.tags()).containsKeys("orderId", "userId");
        await().until(() -> shop.mail().to("buyer@example.com").stream()
                .anyMatch(mail -> mail.subject()
                        .equals("Your order " + placed.body().path("number").asString())));
        await().until(() -> !shop.get("/api/orders/" + order, token)
                .body()
                .path("confirmationSentAt")
                .isNull());
        await().until(() -> shop.shop().mill().job(job.id()).orElseThrow().state() == JobState.SUCCEEDED);
        String stranger = shop.customer("stranger@example.com");
        assertThat(shop.get("/api/orders/" + order, stranger).status()).isEqualTo(404);
    }

    @Test
    void mailsWaitWhileTheMailServerIsAway() throws Exception {
        shop.mail().down();
        List<String> addresses = IntStream.range(0, 5)
                .mapToObj(n -> "patient-" + n + "@example.com")
                .toList();
        for (String address : addresses) {
            assertThat(shop.signUp("Pat", address).status()).isEqualTo(201);
        }
        await().until(() -> shop.shop().mill().latestAttempts(100).stream()
                .anyMatch(attempt -> attempt.error() != null && attempt.error().contains("connect")));

        shop.mail().up();

        for (String address : addresses) {
            await().until(() -> shop.mail().to(address).size() == 2);
        }
    }

    @Test
    void aMailThatIsRefusedForGoodNeedsAPersonAndADeferredOneDoesNot() throws Exception {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        shop.mail().refuse(address -> switch (address) {
            case "gone@example.com" -> Optional.of("550 5.1.1 No such mailbox here");
            case "later@example.com" -> seen.add(address) ? Optional.of("451 4.7.1 Try again") : Optional.empty();
            default -> Optional.empty();
        });

        String gone = shop.signUp("Gone", "gone@example.com")
                .body()
                .path("customerId")
                .asString();
        shop.signUp("Later", "later@example.com");

        await().until(() -> shop.mail().to("later@example.com").size() == 2);
        List<Long> jobs = shop.shop().mill().tagged("userId", gone, Long.MAX_VALUE, 10).stream()
                .map(JobView::id)
                .toList();
        await().untilAsserted(() -> assertThat(shop.shop().mill().deadLetters(null, 1000))
                .filteredOn(letter -> jobs.contains(letter.jobId()))
                .hasSize(2)
                .allSatisfy(letter -> {
                    assertThat(letter.attempt()).isOne();
                    assertThat(letter.error()).contains("550 5.1.1 No such mailbox here");
                })
                .extracting(DeadLetter::code)
                .containsOnly("GIVEN_UP"));
    }

    @Test
    void aCodeIsGoodForFiveTriesAndOneUse() throws Exception {
        String challenge =
                shop.signUp("Tess", "tess@example.com").body().path("challenge").asString();
        await().until(() -> shop.mail().code("tess@example.com").isPresent());
        String code = shop.mail().code("tess@example.com").orElseThrow();
        String wrong = code.equals("000000") ? "111111" : "000000";

        for (int left = 4; left >= 1; left--) {
            Reply refused = verify(challenge, wrong);
            assertThat(refused.status()).isEqualTo(422);
            assertThat(refused.body().path("detail").asString()).contains("tries left: " + left);
        }
        assertThat(verify(challenge, wrong).status()).isEqualTo(410);
        assertThat(verify(challenge, code).status()).isEqualTo(410);

        String token = shop.customer("once@example.com");
        assertThat(token).isNotBlank();
        assertThat(shop.count(
                        "SELECT count(*) FROM shop.challenge WHERE encode(code_hash, 'escape') LIKE '%' || ? || '%'",
                        code))
                .isZero();
        assertThat(shop.count("SELECT count(*) FROM tidemill.job WHERE payload::text LIKE '%' || ? || '%'", code))
                .isZero();
    }

    private Reply verify(String challenge, String code) throws Exception {
        return shop.post("/api/verify", "", Map.of("challenge", challenge, "code", code));
    }

    @Test
    void anAddressGetsFiveCodesInTenMinutes() throws Exception {
        for (int n = 0; n < 5; n++) {
            assertThat(shop.signUp("Often", "often@example.com").status()).isEqualTo(201);
        }
        Reply refused = shop.signUp("Often", "OFTEN@example.com");

        assertThat(refused.status()).isEqualTo(429);
        assertThat(refused.body().path("detail").asString()).contains("5 codes in 10 minutes");
    }

    private static String raw(MimeMessage message) throws Exception {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        message.writeTo(bytes);
        return bytes.toString(StandardCharsets.UTF_8);
    }
}

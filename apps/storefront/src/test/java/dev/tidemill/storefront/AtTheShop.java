package dev.tidemill.storefront;

import static java.time.Duration.ofSeconds;
import static org.awaitility.Awaitility.await;

import dev.tidemill.storefront.shop.Sql;
import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.TestInstance.Lifecycle;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/** The shop with its rules and one database for all tests of a class; every test has customers of its own. */
@ExtendWith(FreshSchema.class)
@TestInstance(Lifecycle.PER_CLASS)
@Timeout(180)
abstract class AtTheShop {
    final ShopUnderTest shop;

    AtTheShop(TestDatabase database) throws Exception {
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

    int run(String sql, Object... arguments) throws SQLException {
        try (Connection connection = shop.pool().getConnection()) {
            return Sql.on(connection, sql, arguments).update();
        }
    }

    String text(String sql, Object... arguments) throws SQLException {
        try (Connection connection = shop.pool().getConnection()) {
            return Sql.on(connection, sql, arguments)
                    .list(row -> String.valueOf(row.getString(1)))
                    .getFirst();
        }
    }

    UUID id(String token) throws Exception {
        return UUID.fromString(shop.get("/api/account", token).body().path("id").asString());
    }

    String account(String token, String field) throws Exception {
        return shop.get("/api/account", token).body().path(field).asString();
    }

    String code(String token) {
        await().until(() -> !account(token, "referralCode").isEmpty());
        try {
            return account(token, "referralCode");
        } catch (Exception failed) {
            throw new IllegalStateException(failed);
        }
    }

    HttpResponse<String> page(String path, String token) throws Exception {
        return shop.send(shop.request(path).header("Authorization", "Bearer " + token));
    }
}

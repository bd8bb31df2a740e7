package dev.tidemill.storefront;

import static org.assertj.core.api.Assertions.assertThat;

import dev.tidemill.testkit.FreshSchema;
import dev.tidemill.testkit.TestDatabase;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

@ExtendWith(FreshSchema.class)
@Timeout(60)
class InlineMailTest {
    @Test
    void theNaiveWaySendsBeforeItAnswersAndFailsWithTheMailServer(TestDatabase database) throws Exception {
        try (ShopUnderTest shop = new ShopUnderTest(database, MailMode.INLINE)) {
            assertThat(shop.signUp("Ina", "ina@example.com").status()).isEqualTo(201);
            assertThat(shop.mail().to("ina@example.com")).hasSize(2);

            shop.mail().down();
            assertThat(shop.signUp("Ino", "ino@example.com").status()).isEqualTo(500);
            assertThat(shop.count("SELECT count(*) FROM shop.customer WHERE email = 'ino@example.com'"))
                    .isOne();
        }
    }
}

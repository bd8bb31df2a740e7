package dev.tidemill.server.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.TidemillException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Signatures as Standard Webhooks has them. */
final class WebhookSecretTest {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final byte[] BODY = "{\"test\": 2432232314}".getBytes(StandardCharsets.UTF_8);

    private static String signed(WebhookSecret... secrets) {
        return WebhookSecret.signature(List.of(secrets), "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, BODY);
    }

    @Test
    void aSignatureIsTheOneOfTheSpecification() {
        assertThat(signed(WebhookSecret.parse(SECRET))).isEqualTo("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    @Test
    void twoSecretsSignBesideEachOther() {
        WebhookSecret other = WebhookSecret.random();
        assertThat(signed(other, WebhookSecret.parse(SECRET)))
                .isEqualTo(signed(other) + " v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    @Test
    void aSecretIsReadAsItWasShownAndSaysNothingInLogs() {
        WebhookSecret made = WebhookSecret.random();
        assertThat(WebhookSecret.parse(made.text()).bytes()).isEqualTo(made.bytes());
        assertThat(made.toString()).isEqualTo("whsec_…");
        assertThat(WebhookSecret.random().text()).isNotEqualTo(made.text());
    }

    @Test
    void whatIsNoSecretIsRefusedWithoutBeingRepeated() {
        for (String wrong : List.of("hunter2hunter2hunter2hunter2", "whsec_c2hvcnQ=", "whsec_no base64 at all!")) {
            assertThatThrownBy(() -> WebhookSecret.parse(wrong))
                    .isInstanceOf(TidemillException.class)
                    .hasMessageContaining("24 to 64")
                    .hasMessageNotContaining(wrong.substring(6));
        }
    }
}

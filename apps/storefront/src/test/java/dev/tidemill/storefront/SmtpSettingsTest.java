package dev.tidemill.storefront;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import dev.tidemill.storefront.SmtpSettings.Tls;
import dev.tidemill.storefront.mail.Letter;
import dev.tidemill.storefront.mail.SmtpClient;
import jakarta.mail.MessagingException;
import java.time.Duration;
import javax.net.ssl.SSLException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class SmtpSettingsTest {
    private static final Letter LETTER = new Letter(
            "1@example.com", "Ada\r\nBcc: all@example.com", "ada@example.com", "Hi\nthere", "text", "<p>html");

    @Test
    void hostAndPortAreRead() {
        assertThat(SmtpSettings.parse("localhost:2525")).isEqualTo(SmtpSettings.plain("localhost", 2525));
        assertThat(SmtpSettings.parse("[::1]:25").host()).isEqualTo("::1");
        assertThat(SmtpSettings.plain("localhost", 25).login("me", "hush").toString())
                .doesNotContain("hush");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "localhost", ":25", "localhost:", "localhost:0", "localhost:65536", "localhost:x"})
    void anythingElseIsRefused(String given) {
        assertThatThrownBy(() -> SmtpSettings.parse(given))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("host:port");
    }

    @Test
    void aServerThatNobodyVouchesForGetsNoMail() {
        GreenMail server = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTPS));
        server.start();
        try {
            SmtpSettings settings = SmtpSettings.plain(
                            "127.0.0.1", server.getSmtps().getPort())
                    .tls(Tls.IMPLICIT)
                    .timeout(Duration.ofSeconds(10));

            assertThatThrownBy(() -> new SmtpClient(settings).send(LETTER))
                    .hasRootCauseInstanceOf(Exception.class)
                    .hasStackTraceContaining(SSLException.class.getPackageName());
            assertThat(server.getReceivedMessages()).isEmpty();
        } finally {
            server.stop();
        }
    }

    @Test
    void whereTlsIsAskedForNothingGoesInTheClear() {
        try (TestMailServer server = TestMailServer.start()) {
            SmtpSettings clear = SmtpSettings.plain("127.0.0.1", server.port());
            // GreenMail offers STARTTLS with a certificate of its own making.
            assertThatThrownBy(() -> new SmtpClient(clear.tls(Tls.STARTTLS)).send(LETTER))
                    .isInstanceOf(MessagingException.class);
            assertThat(server.received()).isEmpty();
        }
    }

    @Test
    void noValueBreaksOutOfItsHeader() throws Exception {
        try (TestMailServer server = TestMailServer.start()) {
            new SmtpClient(SmtpSettings.plain("127.0.0.1", server.port())).send(LETTER);

            assertThat(server.received()).singleElement().satisfies(mail -> {
                assertThat(mail.message().getHeader("Bcc")).isNull();
                assertThat(mail.message().getAllRecipients()).hasSize(1);
                assertThat(mail.subject()).isEqualTo("Hi there");
                assertThat(mail.messageId()).isEqualTo("<1@example.com>");
            });
        }
    }
}

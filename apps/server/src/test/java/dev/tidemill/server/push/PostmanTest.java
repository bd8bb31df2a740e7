package dev.tidemill.server.push;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;

final class PostmanTest {
    @Test
    void anAddressThatNothingCanBeSentToIsAFailureOfTheSendingLikeOthers() {
        try (Postman postman = new Postman(new AddressGuard(true))) {
            assertThatThrownBy(() -> postman.post(
                            URI.create("http://127.0.0.1:99999/"), Map.of(), new byte[0], Duration.ofSeconds(5)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("99999");
        }
    }
}

package dev.tidemill.server.push;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.tidemill.jobs.TidemillException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How secrets are sealed. */
final class SecretSealTest {
    private static final String KEY = Base64.getEncoder().encodeToString(new byte[32]);
    private final SecretSeal seal = SecretSeal.by(KEY);
    private final byte[] secret = "a secret of 24 bytes at least".getBytes(StandardCharsets.US_ASCII);

    @Test
    void whatIsSealedOpensForItsOwnerAlone() {
        byte[] sealed = seal.seal(secret, "mine");
        assertThat(sealed).hasSizeGreaterThan(64);
        assertThat(new String(sealed, StandardCharsets.ISO_8859_1)).doesNotContain("a secret of");
        assertThat(seal.open(sealed, "mine"))
                .hasValueSatisfying(plain -> assertThat(plain).isEqualTo(secret));
        assertThat(seal.open(sealed, "another's")).isEmpty();
        assertThat(SecretSeal.NONE.open(sealed, "mine")).isEmpty();
    }

    @Test
    void aChangedByteOpensNothing() {
        byte[] sealed = seal.seal(secret, "mine");
        sealed[sealed.length - 1] ^= 1;
        assertThat(seal.open(sealed, "mine")).isEmpty();
    }

    @Test
    void theSameSecretIsNeverSealedTheSame() {
        assertThat(seal.seal(secret, "mine")).isNotEqualTo(seal.seal(secret, "mine"));
    }

    @Test
    void whatWasKeptBeforeIsOpenedAsItIs() {
        assertThat(seal.open(secret, "mine"))
                .hasValueSatisfying(plain -> assertThat(plain).isEqualTo(secret));
        assertThat(seal.isCurrent(secret)).isFalse();
        assertThat(seal.open("value", "mine")).contains("value");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "c2hvcnQ=", "no base64!", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nc2hvcnQ="})
    void keysAreThirtyTwoBytesAndNotRepeatedInAnError(String keys) {
        assertThatThrownBy(() -> SecretSeal.by(keys))
                .isInstanceOf(TidemillException.class)
                .hasMessageContaining("openssl rand -base64 32")
                .hasMessageNotContaining("c2hvcnQ");
    }
}

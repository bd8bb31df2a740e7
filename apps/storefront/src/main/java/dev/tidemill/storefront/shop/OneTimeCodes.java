package dev.tidemill.storefront.shop;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Locale;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes and checks six-digit codes. A code is computed from the challenge's random id and the shop's secret, so that a
 * repeated job sends the same code again without it being stored anywhere. What is stored is a hash under the same
 * secret: a plain hash of six digits is guessed in a second. (Rivals that lost: a random code in the job's payload,
 * readable on every job page; a random code a run, which makes a repeated e-mail invalidate the first.)
 */
public final class OneTimeCodes {
    private static final String ALGORITHM = "HmacSHA256";
    private static final int MIN_SECRET_BYTES = 16;

    private final SecretKeySpec secret;

    /**
     * With the shop's secret.
     *
     * @param secret at least 16 random bytes, the same in every process of the shop
     */
    public OneTimeCodes(byte[] secret) {
        if (secret.length < MIN_SECRET_BYTES) {
            throw new IllegalArgumentException(
                    "The shop's secret has " + secret.length + " bytes; it needs at least " + MIN_SECRET_BYTES + ".");
        }
        this.secret = new SecretKeySpec(secret, ALGORITHM);
    }

    /** The code of a challenge: six digits. */
    public String code(UUID challenge) {
        long number = ByteBuffer.wrap(mac("code", challenge, "")).getLong();
        return String.format(Locale.ROOT, "%06d", Math.floorMod(number, 1_000_000L));
    }

    /** What is stored of a code. */
    byte[] hash(UUID challenge, String code) {
        return mac("hash", challenge, code);
    }

    /** Whether this is the code that was hashed; takes the same time either way. */
    boolean matches(UUID challenge, String code, byte[] hash) {
        return MessageDigest.isEqual(hash(challenge, code), hash);
    }

    private byte[] mac(String purpose, UUID challenge, String value) {
        try {
            Mac mac = Mac.getInstance(ALGORITHM);
            mac.init(secret);
            return mac.doFinal((purpose + ':' + challenge + ':' + value).getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException unavailable) {
            throw new IllegalStateException(ALGORITHM + " is part of every JDK", unavailable);
        }
    }
}

package dev.tidemill.server.push;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** A secret of Standard Webhooks (standardwebhooks.com), and how it signs. Immutable. */
public final class WebhookSecret {
    private static final String PREFIX = "whsec_";
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int LEAST = 24;
    private static final int MOST = 64;

    private final byte[] bytes;

    private WebhookSecret(byte[] bytes) {
        this.bytes = bytes;
    }

    /** A new one, of 32 random bytes. */
    public static WebhookSecret random() {
        byte[] bytes = new byte[32];
        RANDOM.nextBytes(bytes);
        return new WebhookSecret(bytes);
    }

    static WebhookSecret of(byte[] bytes) {
        return new WebhookSecret(bytes.clone());
    }

    /** One as people write it, {@code whsec_} and base64 of 24 to 64 bytes. The text is not repeated in an error. */
    public static WebhookSecret parse(String text) {
        if (text.startsWith(PREFIX)) {
            try {
                byte[] bytes = Base64.getDecoder().decode(text.substring(PREFIX.length()));
                if (bytes.length >= LEAST && bytes.length <= MOST) {
                    return new WebhookSecret(bytes);
                }
            } catch (IllegalArgumentException noBase64) {
                // Refused below, like one of another length.
            }
        }
        throw new TidemillException(
                ErrorCode.INVALID_OPTION,
                "The secret is not whsec_ followed by base64 of " + LEAST + " to " + MOST
                        + " bytes; leave it out, and one is made.");
    }

    byte[] bytes() {
        return bytes.clone();
    }

    /** As people write it. To be shown once. */
    public String text() {
        return PREFIX + Base64.getEncoder().encodeToString(bytes);
    }

    /** Nothing of it, for logs. */
    @Override
    public String toString() {
        return PREFIX + "…";
    }

    private String sign(String id, long atSeconds, byte[] body) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(bytes, "HmacSHA256"));
            mac.update((id + "." + atSeconds + ".").getBytes(StandardCharsets.UTF_8));
            return "v1," + Base64.getEncoder().encodeToString(mac.doFinal(body));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("HMAC-SHA256 is part of every Java", impossible);
        }
    }

    /** The header {@code webhook-signature}: a signature by each secret that is valid. */
    static String signature(List<WebhookSecret> secrets, String id, long atSeconds, byte[] body) {
        return secrets.stream().map(secret -> secret.sign(id, atSeconds, body)).collect(Collectors.joining(" "));
    }
}

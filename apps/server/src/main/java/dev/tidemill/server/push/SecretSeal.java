package dev.tidemill.server.push;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import javax.crypto.Cipher;
import javax.crypto.SecretKey;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Seals secrets before they are kept, with AES-256-GCM, and opens them again. The first key seals, all of them open, so that
 * a key can be replaced while several servers work. What was kept before there was a key is opened as it is; without a key
 * nothing is sealed.
 *
 * <p>A sealed secret is a mark of eight bytes, the key's id of eight, a random nonce of twelve, the ciphertext and a tag of
 * sixteen: longer than any secret that is kept as it is. What it belongs to is authenticated with it, so that it opens
 * nowhere else. Immutable.
 */
public final class SecretSeal {
    /** Seals nothing. */
    public static final SecretSeal NONE = new SecretSeal(List.of());

    private static final byte[] MARK = {0, 't', 'm', 's', 'e', 'a', 'l', 1};
    /** No text that people may enter begins with it. */
    private static final String TEXT_MARK = "\u0001";

    private static final int ID_BYTES = 8;
    private static final int NONCE_BYTES = 12;
    private static final int TAG_BITS = 128;
    private static final int KEY_BYTES = 32;
    private static final int MOST_KEYS = 10;
    private static final SecureRandom RANDOM = new SecureRandom();

    private record Key(SecretKey key, ByteBuffer id) {}

    private final List<Key> keys;

    private SecretSeal(List<Key> keys) {
        this.keys = List.copyOf(keys);
    }

    /**
     * By these keys, one a line, the first of which seals: base64 of 32 bytes each.
     *
     * @throws TidemillException {@link ErrorCode#INVALID_OPTION} if one is written otherwise, which is not repeated
     */
    public static SecretSeal by(String lines) {
        List<Key> keys = new ArrayList<>();
        for (String line :
                lines.lines().map(String::strip).filter(one -> !one.isEmpty()).toList()) {
            keys.add(key(line));
        }
        if (keys.isEmpty() || keys.size() > MOST_KEYS) {
            throw refused("There are " + keys.size() + " of them, and there must be 1 to " + MOST_KEYS + ".");
        }
        return new SecretSeal(keys);
    }

    private static Key key(String line) {
        try {
            byte[] bytes = Base64.getDecoder().decode(line);
            if (bytes.length == KEY_BYTES) {
                MessageDigest digest = MessageDigest.getInstance("SHA-256");
                digest.update("tidemill seal".getBytes(StandardCharsets.US_ASCII));
                return new Key(
                        new SecretKeySpec(bytes, "AES"),
                        ByteBuffer.wrap(digest.digest(bytes), 0, ID_BYTES)
                                .slice()
                                .asReadOnlyBuffer());
            }
        } catch (IllegalArgumentException noBase64) {
            // Refused below, like one of another length.
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
        throw refused("One of them is not base64 of " + KEY_BYTES + " bytes.");
    }

    private static TidemillException refused(String what) {
        return new TidemillException(
                ErrorCode.INVALID_OPTION,
                "The keys for secrets are given one a line, the newest first. " + what
                        + " Make one with: openssl rand -base64 32");
    }

    /** Whether there is a key. */
    public boolean on() {
        return !keys.isEmpty();
    }

    /** Seals bytes that belong to something; as they are if there is no key. */
    byte[] seal(byte[] plain, String owner) {
        if (keys.isEmpty()) {
            return plain;
        }
        Key key = keys.getFirst();
        byte[] nonce = new byte[NONCE_BYTES];
        RANDOM.nextBytes(nonce);
        try {
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, key.key(), new GCMParameterSpec(TAG_BITS, nonce));
            cipher.updateAAD(owner.getBytes(StandardCharsets.UTF_8));
            byte[] sealed = cipher.doFinal(plain);
            return ByteBuffer.allocate(MARK.length + ID_BYTES + NONCE_BYTES + sealed.length)
                    .put(MARK)
                    .put(key.id().duplicate())
                    .put(nonce)
                    .put(sealed)
                    .array();
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has AES-GCM", impossible);
        }
    }

    /** Opens what was kept; empty if it was sealed by a key that is not here, or belongs to something else. */
    Optional<byte[]> open(byte[] kept, String owner) {
        if (!isSealed(kept)) {
            return Optional.of(kept);
        }
        int text = MARK.length + ID_BYTES + NONCE_BYTES;
        ByteBuffer id = ByteBuffer.wrap(kept, MARK.length, ID_BYTES).slice();
        for (Key key : keys) {
            if (key.id().equals(id)) {
                try {
                    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
                    cipher.init(
                            Cipher.DECRYPT_MODE,
                            key.key(),
                            new GCMParameterSpec(TAG_BITS, kept, MARK.length + ID_BYTES, NONCE_BYTES));
                    cipher.updateAAD(owner.getBytes(StandardCharsets.UTF_8));
                    return Optional.of(cipher.doFinal(kept, text, kept.length - text));
                } catch (GeneralSecurityException another) {
                    return Optional.empty();
                }
            }
        }
        return Optional.empty();
    }

    private static boolean isSealed(byte[] kept) {
        return kept.length > MARK.length + ID_BYTES + NONCE_BYTES
                && Arrays.equals(kept, 0, MARK.length, MARK, 0, MARK.length);
    }

    /** Whether this is kept as it would be now. */
    boolean isCurrent(byte[] kept) {
        return keys.isEmpty()
                || (isSealed(kept)
                        && keys.getFirst()
                                .id()
                                .equals(ByteBuffer.wrap(kept, MARK.length, ID_BYTES)
                                        .slice()));
    }

    /** As {@link #seal(byte[], String)}, for a text. */
    String seal(String plain, String owner) {
        return keys.isEmpty()
                ? plain
                : TEXT_MARK + Base64.getEncoder().encodeToString(seal(plain.getBytes(StandardCharsets.UTF_8), owner));
    }

    /** As {@link #open(byte[], String)}, for a text. */
    Optional<String> open(String kept, String owner) {
        return kept.startsWith(TEXT_MARK)
                ? open(bytes(kept), owner).map(plain -> new String(plain, StandardCharsets.UTF_8))
                : Optional.of(kept);
    }

    /** As {@link #isCurrent(byte[])}, for a text. */
    boolean isCurrent(String kept) {
        return keys.isEmpty() || (kept.startsWith(TEXT_MARK) && isCurrent(bytes(kept)));
    }

    private static byte[] bytes(String kept) {
        return Base64.getDecoder().decode(kept.substring(TEXT_MARK.length()));
    }
}

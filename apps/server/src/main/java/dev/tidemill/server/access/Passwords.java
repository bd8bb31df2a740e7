package dev.tidemill.server.access;

import dev.tidemill.jobs.ErrorCode;
import dev.tidemill.jobs.TidemillException;
import dev.tidemill.server.http.Problem;
import dev.tidemill.server.http.ProblemCode;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.text.Normalizer;
import java.util.Base64;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.PBEKeySpec;

/**
 * Hashes passwords slowly: PBKDF2 with HMAC-SHA-256 and 600,000 rounds, OWASP's count, from the JDK itself. Argon2id
 * would cost an attacker with graphics cards more, but no Java has it, and a library of several megabytes in the server
 * and the command line buys little for a handful of users behind a brake on guessing. A hash names its algorithm and
 * rounds, so that another one can follow: a password is hashed anew when its owner next logs in.
 *
 * <p>Not more than two are hashed at a time, so that nobody can keep all processors busy by logging in. Thread safe.
 */
final class Passwords {
    static final int MIN_CHARS = 12;
    static final int MAX_CHARS = 200;

    private static final int ROUNDS = 600_000;
    private static final int BITS = 256;
    private static final String PREFIX = "pbkdf2-sha256";
    private static final long PATIENCE_SECONDS = 5;
    private static final SecureRandom RANDOM = new SecureRandom();
    /** What the password of a user who does not exist is compared with, so that the answer takes as long. */
    private static final String NOBODYS = encoded(ROUNDS, new byte[16], new byte[BITS / 8]);

    private final Semaphore atWork = new Semaphore(2);

    /** Refuses a password that is too short, too long, or the user's own name. */
    static void check(String name, String password) {
        int chars = password.codePointCount(0, password.length());
        if (chars < MIN_CHARS || chars > MAX_CHARS) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The password has " + chars + " characters; it needs " + MIN_CHARS + " to " + MAX_CHARS
                            + ". A few words in a row do well.");
        }
        boolean repeated = password.codePoints().distinct().count() < 4;
        String without = password.toLowerCase(Locale.ROOT).replace(name, "");
        if (repeated || without.length() < MIN_CHARS / 2) {
            throw new TidemillException(
                    ErrorCode.INVALID_OPTION,
                    "The password is little more than the user's name, or few characters repeated; choose one that"
                            + " nobody guesses.");
        }
    }

    String hash(String password) {
        byte[] salt = new byte[16];
        RANDOM.nextBytes(salt);
        return encoded(ROUNDS, salt, slowly(password, salt, ROUNDS));
    }

    boolean matches(String password, String hash) {
        String[] parts = hash.split("\\$", 4);
        int rounds = Integer.parseInt(parts[1]);
        byte[] given = slowly(password, Base64.getDecoder().decode(parts[2]), rounds);
        return MessageDigest.isEqual(given, Base64.getDecoder().decode(parts[3]));
    }

    /** Takes as long as {@link #matches}. */
    void matchNobody(String password) {
        matches(password, NOBODYS);
    }

    /** Whether a hash was made in another way than {@link #hash} makes them now. */
    static boolean isOutdated(String hash) {
        return !hash.startsWith(PREFIX + "$" + ROUNDS + "$");
    }

    private static String encoded(int rounds, byte[] salt, byte[] hash) {
        Base64.Encoder base64 = Base64.getEncoder();
        return PREFIX + "$" + rounds + "$" + base64.encodeToString(salt) + "$" + base64.encodeToString(hash);
    }

    private byte[] slowly(String password, byte[] salt, int rounds) {
        boolean mayWork = false;
        try {
            mayWork = atWork.tryAcquire(PATIENCE_SECONDS, TimeUnit.SECONDS);
            if (!mayWork) {
                throw Problem.of(
                        ProblemCode.TOO_BUSY, "Too many people log in at the same time; try again in a moment.");
            }
            // The same password looks different as bytes on different keyboards without this.
            char[] chars = Normalizer.normalize(password, Normalizer.Form.NFC).toCharArray();
            PBEKeySpec key = new PBEKeySpec(chars, salt, rounds, BITS);
            try {
                return SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256")
                        .generateSecret(key)
                        .getEncoded();
            } finally {
                key.clearPassword();
            }
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has PBKDF2 with HMAC-SHA-256", impossible);
        } catch (InterruptedException stopping) {
            Thread.currentThread().interrupt();
            throw Problem.of(ProblemCode.TOO_BUSY, "The server is stopping.");
        } finally {
            if (mayWork) {
                atWork.release();
            }
        }
    }
}

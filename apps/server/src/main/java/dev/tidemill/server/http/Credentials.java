package dev.tidemill.server.http;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The token, and the sessions of the browsers that gave it.
 *
 * <p>A session is a cookie that says until when it holds, signed with a key that lives as long as the process: nothing
 * is stored, the token itself never leaves the form, and a restart ends all sessions. Comparisons take the same time
 * wherever the first difference is.
 */
public final class Credentials {
    private static final String COOKIE = "tidemill_session";
    private static final Caller CALLER = new Caller("token", Permission.ALL, Caller.Means.TOKEN);
    private static final Duration SESSION = Duration.ofHours(12);

    private final byte[] tokenDigest;
    private final byte[] key = new byte[32];
    private final InstantSource clock;

    /** Creates them for a token. */
    public Credentials(String token, InstantSource clock) {
        this.tokenDigest = digest(token);
        this.clock = clock;
        new SecureRandom().nextBytes(key);
    }

    Optional<Caller> caller(Call call) {
        return known(call) ? Optional.of(CALLER) : Optional.empty();
    }

    private boolean known(Call call) {
        Optional<String> authorization = call.header("Authorization");
        if (authorization.isPresent()) {
            String value = authorization.get();
            return value.regionMatches(true, 0, "Bearer ", 0, 7)
                    && matches(value.substring(7).strip());
        }
        return call.cookie(COOKIE).map(this::holds).orElse(false);
    }

    /** Whether this is the token. */
    public boolean matches(String token) {
        return MessageDigest.isEqual(tokenDigest, digest(token));
    }

    /** The {@code Set-Cookie} of a new session; secure if the browser came by https, maybe to a proxy before us. */
    public String open(Call call) {
        String until = Long.toString(clock.instant().plus(SESSION).getEpochSecond());
        boolean https = call.header("Origin").orElse("").startsWith("https:");
        return COOKIE + "=" + until + "." + sign(until) + "; Path=/; HttpOnly; SameSite=Strict; Max-Age="
                + SESSION.toSeconds() + (https ? "; Secure" : "");
    }

    /** The {@code Set-Cookie} that ends the browser's session. */
    public String end() {
        return COOKIE + "=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0";
    }

    private boolean holds(String cookie) {
        int dot = cookie.indexOf('.');
        if (dot < 1 || dot > 12) {
            return false;
        }
        String until = cookie.substring(0, dot);
        byte[] given = cookie.substring(dot + 1).getBytes(StandardCharsets.UTF_8);
        return MessageDigest.isEqual(given, sign(until).getBytes(StandardCharsets.UTF_8))
                && Long.parseLong(until) > clock.instant().getEpochSecond();
    }

    private String sign(String text) {
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return Base64.getUrlEncoder()
                    .withoutPadding()
                    .encodeToString(mac.doFinal(text.getBytes(StandardCharsets.UTF_8)));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has HmacSHA256", impossible);
        }
    }

    private static byte[] digest(String token) {
        try {
            return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.UTF_8));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }
}

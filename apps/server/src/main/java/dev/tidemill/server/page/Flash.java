package dev.tidemill.server.page;

import dev.tidemill.server.http.Call;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * What the next page says about what was just done. It travels in a cookie that lives for a minute: no session is
 * needed, and reloading does not say it again.
 *
 * @param done false if it was refused
 * @param text a sentence
 */
public record Flash(boolean done, String text) {
    static final String COOKIE = "tidemill_flash";
    private static final int MOST_CHARS = 600;

    public Flash {
        text = text.length() <= MOST_CHARS ? text : text.substring(0, MOST_CHARS) + "…";
    }

    /** Something was done. */
    public static Flash done(String text) {
        return new Flash(true, text);
    }

    /** Something was not done. */
    public static Flash refused(String text) {
        return new Flash(false, text);
    }

    String setCookie(Call call) {
        String value = (done ? "1" : "0")
                + Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
        return cookie(call, value, 60);
    }

    static String endCookie(Call call) {
        return cookie(call, "", 0);
    }

    private static String cookie(Call call, String value, int seconds) {
        return COOKIE + "=" + value + "; Path=/; HttpOnly; SameSite=Strict; Max-Age=" + seconds
                + (call.browsedByHttps() ? "; Secure" : "");
    }

    /** What the browser brought along; whatever cannot be read says nothing. */
    static Optional<Flash> of(Call call) {
        return call.cookie(COOKIE).filter(value -> value.length() > 1).flatMap(value -> {
            try {
                byte[] text = Base64.getUrlDecoder().decode(value.substring(1));
                return Optional.of(new Flash(value.charAt(0) == '1', new String(text, StandardCharsets.UTF_8)));
            } catch (IllegalArgumentException unreadable) {
                return Optional.empty();
            }
        });
    }
}

package dev.tidemill.server.http;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;

/**
 * Entity tags: strong ones, of what an answer says. Where something can be changed its tag begins with a version, which
 * is of what people set alone, and ends with a sum of all that is shown. {@code If-None-Match} goes by the whole, so it
 * notices that a schedule has fired; {@code If-Match} goes by the version, so a fire is no reason to refuse an edit.
 */
public final class Etag {
    private static final int BYTES = 12;

    private Etag() {}

    /** The tag of an answer. */
    static String of(byte[] body) {
        return '"' + sum(body) + '"';
    }

    /** The tag of an answer about something that can be changed. */
    static String of(String version, byte[] body) {
        return '"' + version + "." + sum(body) + '"';
    }

    /** A version of what people set. */
    public static String version(String set) {
        return sum(set.getBytes(StandardCharsets.UTF_8));
    }

    /** Whether a value of {@code If-None-Match} names this tag. */
    static boolean known(String header, String tag) {
        return tags(header).stream()
                .map(given -> given.startsWith("W/") ? given.substring(2) : given)
                .anyMatch(given -> given.equals("*") || given.equals(tag));
    }

    /** Whether a value of {@code If-Match} names this version. */
    public static boolean holds(String header, String version) {
        return tags(header).stream().anyMatch(given -> given.equals("*") || given.startsWith('"' + version + "."));
    }

    private static List<String> tags(String header) {
        return Arrays.stream(header.split(",", 100)).map(String::strip).toList();
    }

    private static String sum(byte[] bytes) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
            return Base64.getUrlEncoder().withoutPadding().encodeToString(Arrays.copyOf(digest, BYTES));
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("Every Java has SHA-256", impossible);
        }
    }
}

package dev.tidemill.cache;

import dev.tidemill.cache.tier.Target;
import java.nio.charset.StandardCharsets;
import java.util.Set;

/** What keys, tags, patterns and names may look like. */
final class Texts {
    private static final int MAX_TAG_BYTES = 256;
    private static final int MAX_TAGS = 32;
    private static final int MAX_NAME_BYTES = 100;
    private static final int SHOWN = 80;

    private Texts() {}

    static void checkKey(String key) {
        check(key, Keys.MAX_BYTES, CacheError.KEY_INVALID, "key");
    }

    static void checkTag(String tag) {
        check(tag, MAX_TAG_BYTES, CacheError.TAG_INVALID, "tag");
    }

    static void checkName(String name) {
        check(name, MAX_NAME_BYTES, CacheError.SETTINGS_INVALID, "cache's name");
    }

    static void checkTags(Set<String> tags) {
        if (tags.size() > MAX_TAGS) {
            throw new CacheException(
                    CacheError.TAG_INVALID,
                    "A value has " + tags.size() + " tags; it may have " + MAX_TAGS + ". Use fewer, or wider ones.");
        }
        tags.forEach(Texts::checkTag);
    }

    static Target pattern(String pattern, boolean everythingToo) {
        check(pattern, Keys.MAX_BYTES, CacheError.PATTERN_INVALID, "pattern");
        Target target = Target.pattern(pattern);
        if (target.equals(Target.EVERYTHING) && !everythingToo) {
            throw new CacheException(
                    CacheError.PATTERN_INVALID,
                    "The pattern '" + pattern + "' fits every key. If that is meant, call invalidateEverything().");
        }
        return target;
    }

    private static void check(String text, int maxBytes, CacheError error, String what) {
        if (text.isEmpty()) {
            throw new CacheException(error, "A " + what + " is empty; it has 1 to " + maxBytes + " bytes.");
        }
        if (text.length() * 3L > maxBytes) {
            int bytes = text.getBytes(StandardCharsets.UTF_8).length;
            if (bytes > maxBytes) {
                throw new CacheException(
                        error,
                        "A " + what + " has " + bytes + " bytes; it may have " + maxBytes + ": '" + shown(text)
                                + "'. Use a digest of what it is made from.");
            }
        }
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            boolean pair = Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1));
            if (Character.isISOControl(c) || (Character.isSurrogate(c) && !pair)) {
                throw new CacheException(
                        error,
                        "A " + what + " has a control character or half a character at position " + i
                                + "; it must be plain text.");
            }
            if (pair) {
                i++;
            }
        }
    }

    private static String shown(String text) {
        return text.substring(0, Math.min(SHOWN, text.length())) + "..";
    }
}
